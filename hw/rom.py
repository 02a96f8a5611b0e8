"""ROM: read-only memories in block RAM where that pays, in LUTs where they are tiny."""

from amaranth.hdl import Shape, ShapeLike
from amaranth.lib import memory

from threefold.errors import PlanError
from threefold.fpga import GENERIC, Family

__all__ = ["KINDS", "gives_late", "rom"]

KINDS = ("auto", "lut", "block")
"""Where a read-only memory can be."""


def rom(
    shape: ShapeLike, contents: list, kind: str = "auto", *, family: Family = GENERIC
) -> memory.Memory:
    """A memory with these contents.

    Parameters
    ----------
    shape : shape-like
        Shape of a row.
    contents : list
        Rows, as constants of that shape.
    kind : str
        ``"lut"`` for LUTs, ``"block"`` for block RAM, ``"auto"`` for what suits its size on the
        family; see :meth:`~threefold.fpga.Family.prefers_block`.
    family : Family
        What it is made for.

    Raises
    ------
    PlanError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise PlanError(f"a read-only memory is auto, lut or block, not {kind!r}")
    if kind == "auto":
        block = family.prefers_block(Shape.cast(shape).width, len(contents))
        kind = "block" if block else "lut"
    attributes = {"ram_style": {"lut": "logic", "block": "block"}[kind]}
    return memory.Memory(shape=shape, depth=len(contents), init=contents, attrs=attributes)


def gives_late(memory: memory.Memory, family: Family) -> bool:
    """Whether registers belong behind a memory that :func:`rom` made, in front of any logic.

    See :attr:`~threefold.fpga.Family.memory_gives_late`, which is of block RAM alone.
    """
    return memory.attrs["ram_style"] == "block" and family.memory_gives_late
