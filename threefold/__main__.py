"""``python -m threefold``, as ``torchrun -m threefold`` needs it."""

import sys

from .cli import main

sys.exit(main())
