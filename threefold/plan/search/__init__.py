"""Search: foldings that fit a device, and all that follows from foldings."""

from .fit import fit, require_room
from .fold import aligned, fold, plan_of, refold

__all__ = ["aligned", "fit", "fold", "plan_of", "refold", "require_room"]
