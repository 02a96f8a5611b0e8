"""Requantizer forms: the cycles and the area of each.

The formulas of area count what each form is made of. Over the syntheses that
``benchmarks/requantizers.py`` records, logic cells are 6 % off on average, at worst 13 % on iCE40
and 26 % on ECP5, where a LUT of a table holds 9 to 16 rows; block RAMs are off by 1 at worst.
"""

import numpy as np

from ..errors import PlanError
from ..fpga import Family, Resources

__all__ = [
    "FORMS",
    "alike_after",
    "check_form",
    "requantizer_cycles",
    "requantizer_latency",
    "requantizer_resources",
]

FORMS = ("parallel", "pipelined", "sequential")
"""Ways to find a code of k bits.

``"parallel"`` compares with all thresholds at once. ``"pipelined"`` and ``"sequential"`` search
among them in k steps, the one with a comparator and a memory for each step, the other with a
single one of each.
"""


def check_form(form: str) -> None:
    """Refuse what is not one of :data:`FORMS`.

    Raises
    ------
    PlanError
    """
    if form not in FORMS:
        raise PlanError(f"a requantizer is {', '.join(FORMS[:-1])} or {FORMS[-1]}, not {form!r}")


def requantizer_latency(form: str, bits: int, steps: int | None = None) -> int:
    """Cycles from the transfer of accumulator values to their codes.

    A comparison takes one cycle to read the threshold and one to compare. What many comparisons
    say at once takes one more to become a code, and a single comparator one more to choose the
    threshold it compares with next. Where codes are looked up, that takes two.

    Parameters
    ----------
    form : str
        One of :data:`FORMS`.
    bits : int
        Width of a code.
    steps : int, optional
        Comparisons of a binary search. If they are fewer than ``bits``, codes are looked up
        behind them; see :func:`~threefold.plan.distinct.search_steps`.
    """
    check_form(form)
    steps = bits if steps is None else steps
    looked_up = 2 * (steps < bits)
    if form == "parallel":
        return 2 + (steps > 1) + looked_up
    return (3 if form == "sequential" else 2) * steps + looked_up


def requantizer_cycles(form: str, bits: int, steps: int | None = None) -> int:
    """Initiation interval: cycles from one transfer of accumulator values to the next.

    The sequential form accepts them in the cycle in which the codes leave. Parameters are those
    of :func:`requantizer_latency`.
    """
    latency = requantizer_latency(form, bits, steps)
    return latency if form == "sequential" else 1


def alike_after(thresholds: np.ndarray) -> int:
    """The fewest channels after which the thresholds come again; all of them if they never do.

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
    """
    count = len(thresholds)
    sizes = (size for size in range(1, count) if count % size == 0)
    alike = (size for size in sizes if np.array_equal(thresholds[size:], thresholds[:-size]))
    return next(alike, count)


def requantizer_resources(
    form: str,
    *,
    channels: int,
    bits: int,
    accumulator_bits: int,
    lanes: int,
    family: Family,
    steps: int | None = None,
) -> Resources:
    """Area of a requantizer: an estimate.

    Where a family counts bare cells, what is counted beside the LUTs are logic cells without a LUT,
    which hold a flip-flop or the carry of a comparator. Elsewhere those are LUTs, or share a cell
    with one.

    Parameters
    ----------
    form : str
        One of :data:`FORMS`.
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
        As in :func:`requantizer_latency`.
    """
    check_form(form)
    groups = channels // lanes
    if steps is not None and steps < bits:
        result = requantizer_resources(
            form,
            channels=channels,
            bits=steps,
            accumulator_bits=accumulator_bits,
            lanes=lanes,
            family=family,
        )
        return result + _lookup_resources(form, groups, bits, steps, lanes, family)
    counter = (groups - 1).bit_length()
    latency = requantizer_latency(form, bits)
    if form == "parallel":
        largest = 2**bits - 1
        tables, comparators = [(largest * accumulator_bits, groups)], largest
        logic, bare = largest - bits, latency + lanes * accumulator_bits
        constant = comparators if groups == 1 else 0
        shared = 3
    elif form == "pipelined":
        tables, comparators = [(accumulator_bits, groups << step) for step in range(bits)], bits
        logic, bare = 0, latency + 2 * (bits - 1) * counter
        bare += lanes * ((latency - 1) * accumulator_bits + bits * (bits - 1))
        constant = int(groups == 1)
        shared = 3
    else:
        tables, comparators = [(accumulator_bits, groups << bits)], 1
        logic, bare = 2.5 * bits, latency + lanes * (accumulator_bits + 0.5 * bits - 1)
        constant = 0
        shared = 6 + family.search_counter * (bits - 1)
    bare += lanes * bits  # the skid buffer
    result = Resources(shared + lanes * (logic + bits) + (counter + 2 if counter else 0))
    # Against a constant, a comparison is a few LUTs; against a threshold, a chain of carries.
    result += Resources(lanes * constant * (accumulator_bits - 1) / 3)
    comparators = lanes * (comparators - constant)
    if family.counts_bare_cells:
        result += Resources(ff=bare + comparators * (accumulator_bits + 2))
    else:
        ends = comparators * family.chains.comparison
        result += Resources(comparators * family.adder(accumulator_bits), ff=ends)
    for width, depth in tables:
        for _ in range(lanes):
            result += family.threshold_table(width, depth)
    return result


def _lookup_resources(
    form: str, groups: int, bits: int, steps: int, lanes: int, family: Family
) -> Resources:
    """Area of memories of codes behind searches of ``steps`` bits, and of wider skid buffers."""
    result = Resources(lanes * (bits - steps))
    counter = (groups - 1).bit_length()
    if family.counts_bare_cells:
        travel = 0 if form == "sequential" else requantizer_latency(form, steps) * counter
        result += Resources(ff=lanes * (travel + bits + bits - steps))
    for _ in range(lanes):
        result += family.rom(bits, groups << steps)
    return result
