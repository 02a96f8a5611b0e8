"""Array that takes layers in turn, and the memories that it works on and by."""

from .engine import SequentialEngine

__all__ = ["SequentialEngine"]
