"""Search: foldings that fit a device."""

from .fit import FILL, fit, require_room

__all__ = ["FILL", "fit", "require_room"]
