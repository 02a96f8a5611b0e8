"""Deployment: a trained model as a network of exact integers, and the proof that they agree."""

from .export import export
from .passes import passes
from .trace import require_equal, trace

__all__ = ["export", "passes", "require_equal", "trace"]
