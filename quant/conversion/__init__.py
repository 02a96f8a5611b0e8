"""Conversion of plain PyTorch modules and their state to models of this package."""

from .state import load_state
from .ternarize import ternarize

__all__ = ["load_state", "ternarize"]
