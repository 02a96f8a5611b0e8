"""The forms of a requantizer: how many cycles each takes, and how much of an FPGA."""

from ..errors import PlanError

__all__ = ["FORMS", "check_form", "requantizer_cycles", "requantizer_latency"]

FORMS = ("parallel", "pipelined", "sequential")
"""Ways to find a code of k bits.

``"parallel"`` compares with all levels at once. ``"pipelined"`` and ``"sequential"`` search among
them in k steps, the one with a comparator and a memory for each step, the other with a single
one of each.
"""


def check_form(form: str):
    """Refuse what is not one of :data:`FORMS`.

    Raises
    ------
    PlanError
    """
    if form not in FORMS:
        raise PlanError(f"a requantizer is {', '.join(FORMS[:-1])} or {FORMS[-1]}, not {form!r}")


def requantizer_latency(form: str, bits: int) -> int:
    """Cycles from the transfer of totals to their codes.

    A comparison takes one cycle to read the level and one to compare. What many comparisons
    say at once takes one more to become a code.

    Parameters
    ----------
    form : str
        One of :data:`FORMS`.
    bits : int
        Width of a code.
    """
    check_form(form)
    if form == "parallel":
        return 2 + (bits > 1)
    return 2 * bits


def requantizer_cycles(form: str, bits: int) -> int:
    """Cycles from the transfer of totals to the first in which more can be accepted.

    The sequential form accepts them in the cycle in which the codes leave. Parameters are those
    of :func:`requantizer_latency`.
    """
    return requantizer_latency(form, bits) if form == "sequential" else 1
