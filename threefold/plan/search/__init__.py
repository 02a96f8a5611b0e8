"""Search: foldings that fit a device, and all that follows from foldings."""

from .fit import fit
from .fold import aligned, fold, plan_of, refold
from .room import require_room

__all__ = ["aligned", "fit", "fold", "plan_of", "refold", "require_room"]
