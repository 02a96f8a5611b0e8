"""Read-only memories: in block RAM where that pays, in LUTs where a memory is tiny."""

from amaranth.hdl import Shape, ShapeLike
from amaranth.lib import memory

__all__ = ["prefers_block", "rom"]

_WORTH = 60
"""LUTs that one block RAM has to save; iCE40UP5K has 176 for each of its blocks."""


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


def prefers_block(width: int, depth: int) -> bool:
    """Whether block RAM saves enough LUTs.

    A LUT holds 16 bits, and one more for every four of them selects; a block of the smallest
    device holds 256 rows of 16 bits.
    """
    luts = width * -(-depth // 16) * 1.25
    blocks = -(-width // 16) * -(-depth // 256)
    return luts > _WORTH * blocks
