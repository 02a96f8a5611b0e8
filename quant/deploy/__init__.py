"""Deployment: a trained model as a network of exact integers, and the proof that they agree."""

from .export import export
from .trace import require_equal, trace

__all__ = ["export", "require_equal", "trace"]
