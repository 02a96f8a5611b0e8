"""Alignment: filters in an order that leaves fewer tiles."""

from .align import align, tiles_left

__all__ = ["align", "tiles_left"]
