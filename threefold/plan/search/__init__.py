"""Search: foldings that fit a device, and all that follows from foldings."""

from .fit import FILL, fit, require_room
from .fold import aligned, fold, plan_of, refold

__all__ = ["FILL", "aligned", "fit", "fold", "plan_of", "refold", "require_room"]
