"""Read-only memories: in block RAM where that pays, in LUTs where a memory is tiny."""

from amaranth.hdl import Shape, ShapeLike
from amaranth.lib import memory

from ..plan.resources import prefers_block

__all__ = ["rom"]


def rom(shape: ShapeLike, contents: list) -> memory.Memory:
    """A memory with these contents, whose kind follows from its size alone.

    Parameters
    ----------
    shape : shape-like
        Shape of a row.
    contents : list
        Rows, as constants of that shape.
    """
    style = "block" if prefers_block(Shape.cast(shape).width, len(contents)) else "logic"
    attributes = {"ram_style": style}
    return memory.Memory(shape=shape, depth=len(contents), init=contents, attrs=attributes)
