"""Streams between components: several equal lanes under one valid/ready pair."""

from amaranth.hdl import Shape, ShapeLike
from amaranth.lib import data, stream

from threefold.plan.units.block import StreamType

__all__ = ["lane_count", "lane_shape", "lane_stream", "shape_of"]


def lane_stream(shape: ShapeLike, lanes: int) -> stream.Signature:
    """Signature of a stream whose payload is an array of lanes, the first in order at index 0.

    Parameters
    ----------
    shape : shape-like
        Shape of one lane; an integer is the width of an unsigned one.
    lanes : int
        Number of lanes, at least 1.
    """
    return stream.Signature(data.ArrayLayout(shape, lanes))


def lane_shape(port) -> Shape:
    """Shape of one lane of a stream."""
    return Shape.cast(port.payload.shape().elem_shape)


def lane_count(port) -> int:
    """Number of lanes of a stream."""
    return port.payload.shape().length


def shape_of(type: StreamType) -> Shape:
    """Shape of one lane of a planned stream."""
    return Shape(type.bits, type.signed)
