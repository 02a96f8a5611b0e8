"""Conversion of plain PyTorch modules to models of this package."""

from .ternarize import ternarize

__all__ = ["ternarize"]
