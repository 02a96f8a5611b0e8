"""Resources of an unfolder."""

from ...fpga import Family, Resources
from ..unfolding import Axis, Unfolding

__all__ = ["unfolder_resources"]


def unfolder_resources(unfolding: Unfolding, bits: int, family: Family) -> Resources:
    """Resources of the shift register that patches leave, and of the rows before it: an estimate.

    Parameters
    ----------
    unfolding : Unfolding
    bits : int
        Width of a code.
    family : Family
    """
    (rows, columns), (height, width) = unfolding.axes, unfolding.patch.kernel
    pixel = unfolding.window.shape[2] * bits
    luts = 4 + _counter(columns)
    if columns.steps > columns.size or rows.steps > rows.size:
        luts += height * pixel  # padding enters the register
    result = Resources()
    if height > 1:
        luts += _counter(rows)
        result += family.buffer((height - 1) * pixel, columns.size)
    bare = height * width * pixel * family.counts_bare_cells
    return result + Resources(luts, ff=bare)


def _counter(axis: Axis) -> float:
    """LUTs of a count of steps, and of its comparisons."""
    compared = (axis.steps > axis.size) + (axis.first > 0) + 1
    return (axis.steps - 1).bit_length() * (2 + compared / 2) + 4 * (axis.stride > 1)
