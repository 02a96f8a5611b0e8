"""Requantizer area: an estimate for each form.

The formulas count what each form is made of. Over the syntheses that
``benchmarks/requantizers.py`` records, logic cells are 6 % off on average, at worst 14 % on iCE40
and 26 % on ECP5, where a LUT of a table holds 9 to 16 rows; block RAMs are off by 1 at worst.
"""

from typing import NamedTuple

from ..fpga import Family, Resources
from .requantize import SERIAL, requantizer_latency

__all__ = ["requantizer_resources"]


class _Parts(NamedTuple):
    """What a form is made of.

    ``tables`` are widths and depths of the memories of a lane, ``comparators`` those of a lane, of
    which ``constant`` compare with constants, ``logic`` other LUTs of a lane, ``bare`` logic cells
    without a LUT, and ``shared`` LUTs of all lanes together.
    """

    tables: list[tuple[int, int]]
    comparators: int
    constant: int
    logic: float
    bare: float
    shared: float


def requantizer_resources(
    form: str,
    *,
    channels: int,
    bits: int,
    accumulator_bits: int,
    lanes: int,
    family: Family,
    steps: int | None = None,
    word_bits: int | None = None,
    stored_bits: int | None = None,
    written: bool = False,
) -> Resources:
    """Area of a requantizer.

    Where a family counts bare cells, what is counted beside the LUTs are logic cells without a LUT,
    which hold a flip-flop or the carry of a comparator. Elsewhere those are LUTs, or share a cell
    with one.

    Parameters
    ----------
    form : str
        One of :data:`~threefold.plan.requantize.FORMS`.
    channels : int
        Those before all thresholds come again, a multiple of the lanes.
    bits : int
        Width of a code.
    accumulator_bits : int
        Width of an accumulator value.
    lanes : int
        Accumulator values compared at once.
    family : Family
    steps : int, optional
        As in :func:`~threefold.plan.requantize.requantizer_latency`.
    word_bits, stored_bits : int, optional
        Width of what a divider subtracts, and of its words in memory; see
        :class:`~threefold.plan.even.EvenThresholds`.
    written : bool
        Whether thresholds are written at run time; not of a divider.
    """
    groups = channels // lanes
    if form == "divider":
        assert word_bits is not None
        assert stored_bits is not None
        return _divider_resources(groups, bits, word_bits, stored_bits, lanes, family)
    steps = bits if steps is None else steps
    result = _search_resources(form, groups, steps, accumulator_bits, lanes, family, written)
    if steps < bits:
        result += _lookup_resources(form, groups, bits, steps, lanes, family)
    return result


def _search_resources(
    form: str,
    groups: int,
    bits: int,
    accumulator_bits: int,
    lanes: int,
    family: Family,
    written: bool,
) -> Resources:
    """Area of searches among all thresholds, and of the skid buffer."""
    parts = _PARTS[form](groups, bits, accumulator_bits, lanes, family)
    bare = parts.bare + lanes * bits  # the skid buffer
    result = Resources(parts.shared + lanes * (parts.logic + bits)) + _counter(groups)
    # Against a constant, a comparison is a few LUTs; against a threshold, a chain of carries.
    constant = 0 if written else parts.constant
    result += Resources(lanes * constant * (accumulator_bits - 1) / 3)
    comparators = lanes * (parts.comparators - constant)
    if family.counts_bare_cells:
        result += Resources(ff=bare + comparators * (accumulator_bits + 2))
    else:
        ends = comparators * family.chains.comparison
        result += Resources(comparators * family.adder(accumulator_bits), ff=ends)
    table = family.buffer if written else family.threshold_table
    for width, depth in parts.tables:
        for _ in range(lanes):
            result += table(width, depth)
    return result


def _parallel(groups: int, bits: int, accumulator_bits: int, lanes: int, family: Family) -> _Parts:
    largest = 2**bits - 1
    return _Parts(
        tables=[(largest * accumulator_bits, groups)],
        comparators=largest,
        constant=largest if groups == 1 else 0,
        logic=largest - bits,
        bare=requantizer_latency("parallel", bits) + lanes * accumulator_bits,
        shared=3,
    )


def _pipelined(groups: int, bits: int, accumulator_bits: int, lanes: int, family: Family) -> _Parts:
    latency = requantizer_latency("pipelined", bits)
    bare = latency + 2 * (bits - 1) * _counter_bits(groups)
    return _Parts(
        tables=[(accumulator_bits, groups << step) for step in range(bits)],
        comparators=bits,
        constant=int(groups == 1),
        logic=0,
        bare=bare + lanes * ((latency - 1) * accumulator_bits + bits * (bits - 1)),
        shared=3,
    )


def _sequential(
    groups: int, bits: int, accumulator_bits: int, lanes: int, family: Family
) -> _Parts:
    latency = requantizer_latency("sequential", bits)
    return _Parts(
        tables=[(accumulator_bits, groups << bits)],
        comparators=1,
        constant=0,
        logic=2.5 * bits,
        bare=latency + lanes * (accumulator_bits + 0.5 * bits - 1),
        shared=6 + family.search_counter * (bits - 1),
    )


_PARTS = {"parallel": _parallel, "pipelined": _pipelined, "sequential": _sequential}


def _divider_resources(
    groups: int, bits: int, word_bits: int, stored_bits: int, lanes: int, family: Family
) -> Resources:
    """Area of dividers, and of the skid buffer."""
    latency = requantizer_latency("divider", bits)
    # A subtractor, what chooses the remainder, and what shifts the subtrahend.
    luts = 2 * word_bits + bits + 3 + family.adder(word_bits)
    if family.counts_bare_cells:
        if family.prefers_block(stored_bits, 2 * groups):
            luts += 0.5 * stored_bits  # LUTs between the memory and the subtrahend
        bare = latency + 4 + lanes * (2 * bits + family.chains.comparison)
    else:
        bare = lanes * family.chains.comparison
    result = Resources(6 + lanes * luts, ff=bare) + _counter(groups)
    for _ in range(lanes):
        result += family.rom(stored_bits, 2 * groups)
    return result


def _lookup_resources(
    form: str, groups: int, bits: int, steps: int, lanes: int, family: Family
) -> Resources:
    """Area of memories of codes behind searches of ``steps`` bits, and of wider skid buffers."""
    result = Resources(lanes * (bits - steps))
    if family.counts_bare_cells:
        travel = requantizer_latency(form, steps) * _counter_bits(groups)
        travel = 0 if form in SERIAL else travel
        result += Resources(ff=lanes * (travel + bits + bits - steps))
    for _ in range(lanes):
        result += family.rom(bits, groups << steps)
    return result


def _counter_bits(groups: int) -> int:
    return (groups - 1).bit_length()


def _counter(groups: int) -> Resources:
    """Area of the counter of groups of channels."""
    bits = _counter_bits(groups)
    return Resources(bits + 2 if bits else 0)
