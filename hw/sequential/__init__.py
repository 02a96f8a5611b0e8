"""Array that takes layers in turn, and the memories that it works on and by."""

from .batch_engine import BatchEngine
from .engine import SequentialEngine
from .loadable_engine import LoadableEngine
from .streamed_engine import StreamedEngine

__all__ = ["BatchEngine", "LoadableEngine", "SequentialEngine", "StreamedEngine"]
