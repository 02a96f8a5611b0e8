"""Quantizers of weights, each from its publication."""

from .statistical import ternarize

__all__ = ["ternarize"]
