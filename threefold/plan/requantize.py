"""Requantizer forms: the cycles of each."""

from math import lcm

import numpy as np

from ..errors import PlanError

__all__ = [
    "FORMS",
    "SERIAL",
    "alike_after",
    "check_form",
    "forms_for",
    "requantizer_cycles",
    "requantizer_latency",
    "stored_channels",
]

FORMS = ("parallel", "pipelined", "sequential", "divider")
"""Ways to find a code of k bits.

``"parallel"`` compares with all thresholds at once. ``"pipelined"`` and ``"sequential"`` search
among them in k steps, the one with a comparator and a memory for each step, the other with a
single one of each. ``"divider"`` takes k steps as well, and a single subtractor; instead of
thresholds, which have to be evenly spaced, it reads where those of a channel start and how far
apart they are.
"""

SERIAL = ("sequential", "divider")
"""Forms that find one code at a time."""


def forms_for(even: bool) -> tuple[str, ...]:
    """Those of :data:`FORMS` for thresholds that are evenly spaced, or not."""
    return tuple(form for form in FORMS if even or form != "divider")


def check_form(form: str, *, even: bool = True, of: str = "") -> None:
    """Refuse what is not one of :data:`FORMS`, or a divider for thresholds that are not even.

    Parameters
    ----------
    form : str
    even : bool
        Whether thresholds are evenly spaced.
    of : str
        Name of the unit, for the message.

    Raises
    ------
    PlanError
    """
    if form not in FORMS:
        raise PlanError(f"a requantizer is {', '.join(FORMS[:-1])} or {FORMS[-1]}, not {form!r}")
    if form not in (others := forms_for(even)):
        raise PlanError(
            f"thresholds{of and f' of {of!r}'} are not evenly spaced, as a divider needs; choose "
            f"{', '.join(others[:-1])} or {others[-1]}"
        )


def requantizer_latency(form: str, bits: int, steps: int | None = None) -> int:
    """Cycles from the transfer of accumulator values to their codes.

    A comparison takes one cycle to read the threshold and one to compare. What many comparisons
    say at once takes one more to become a code, and a single comparator one more to choose the
    threshold it compares with next. Where codes are looked up, that takes two. A divider reads
    two words and subtracts the first, then each bit takes a cycle.

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
    if form == "divider":
        return bits + 3
    steps = bits if steps is None else steps
    looked_up = 2 * (steps < bits)
    if form == "parallel":
        return 2 + (steps > 1) + looked_up
    return (3 if form == "sequential" else 2) * steps + looked_up


def requantizer_cycles(form: str, bits: int, steps: int | None = None) -> int:
    """Initiation interval: cycles from one transfer of accumulator values to the next.

    Forms of :data:`SERIAL` accept them in the cycle in which the codes leave. Parameters are those
    of :func:`requantizer_latency`.
    """
    latency = requantizer_latency(form, bits, steps)
    return latency if form in SERIAL else 1


def alike_after(*widths: np.ndarray) -> int:
    """The fewest channels after which the thresholds come again; all of them if they never do.

    Those of a divider are lines. Equal thresholds need not be on equal lines, since a line is right
    for the values that there are.

    Parameters
    ----------
    *widths : array of int, shape (channels, largest code)
        Thresholds at each width of a network; all of them come again. Or
        :attr:`~threefold.plan.even.EvenThresholds.lines`.
    """
    thresholds = widths[0] if len(widths) == 1 else np.concatenate(widths, axis=1)
    count = len(thresholds)
    sizes = (size for size in range(1, count) if count % size == 0)
    alike = (size for size in sizes if np.array_equal(thresholds[size:], thresholds[:-size]))
    return next(alike, count)


def stored_channels(alike: int, channels: int, lanes: int, pe: int, pixels: int) -> int:
    """Channels whose thresholds are stored, a multiple of the lanes.

    Parameters
    ----------
    alike : int
        Channels after which the thresholds come again.
    channels : int
        All channels.
    lanes : int
        Accumulator values compared at once.
    pe : int
        Channels of a pixel before those of the next one.
    pixels : int
        Pixels whose ``pe`` channels come before the next channels of the first one.
    """
    stored = lcm(alike, lanes)
    return stored if pixels == 1 or pe % stored == 0 or stored % pe == 0 else channels
