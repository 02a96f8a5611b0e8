"""Latencies of components, in cycles from input to output."""

from .shifts import shifts

__all__ = ["POOL_LATENCY", "READER_LATENCY", "adder_levels", "logit_latency", "pe_latency"]

READER_LATENCY = 3
"""Cycles from the tile that a window reader issues to its word; one more for several pixels."""

POOL_LATENCY = 1
"""Cycles from a word to a pooled result that holds it."""


def adder_levels(largest: int, terms: int) -> int:
    """Registered levels of an adder tree; terms of one bit are added by threes at first."""
    if largest == 1 and terms > 1:
        return 1 + (-(-terms // 3) - 1).bit_length()
    return (terms - 1).bit_length()


def pe_latency(bits: int, simd: int) -> int:
    """Cycles from a tile's operands to an accumulator value that holds them.

    One for the lanes, one for each adder level, one for the accumulator.
    """
    return 2 + adder_levels(2**bits - 1, simd)


def logit_latency(step: int) -> int:
    """Cycles from an accumulator value to its logit, ``step`` times the value and an offset.

    One to read the offset, one to add it, and one for each level of a tree of adders where the
    step is no power of two.
    """
    return 2 + (len(shifts(step)) - 1).bit_length()
