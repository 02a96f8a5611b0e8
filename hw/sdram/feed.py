"""Feed of an SDRAM: the times of a program that is read from it."""

from dataclasses import replace
from math import ceil

from threefold.boards.sdram import SDRAM
from threefold.errors import PlanError
from threefold.plan import Plan
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit

from .bursts import PIN_CYCLES

__all__ = ["doubled", "even", "feed_at", "feed_of", "ratio_for", "ratio_of"]

_BITS = 16  # of a word: program images have rows of a burst
_BURST = 8  # words, of which a frame has a multiple
_DECIDED = 4  # cycles from a frame that is taken to the command that closes all rows
_SEEN = 2  # cycles from a refresh to the command that opens a row, at least
_DUE = 2  # cycles that the beginning of an image may add to a refresh that is due


def feed_of(sdram: SDRAM, clock_mhz: float) -> Feed:
    """Times of frames that :class:`~threefold.hw.sdram.frame_reader.FrameReader` reads.

    A frame closes all rows, refreshes, opens a row, and reads bursts without a gap.

    Parameters
    ----------
    sdram : SDRAM
    clock_mhz : float
        Frequency of its clock, in MHz, which is that of the accelerator as well.

    Raises
    ------
    PlanError
        If the clock is none for it, refreshes leave no time for a frame, or it has other words
        than of 16 bits.
    """
    if sdram.bits != _BITS:
        raise PlanError(f"programs are read from SDRAMs of {_BITS} bits, not {sdram.bits}")
    cycles = sdram.cycles(clock_mhz)
    busy = cycles.precharge + max(cycles.refresh, _SEEN)
    opened = busy + cycles.activate_to_access
    within = cycles.refresh_within
    most = (within - cycles.refresh - cycles.activate_to_access) // _BURST * _BURST
    every = within - busy - _DUE
    if min(most, every) < _BURST:
        raise PlanError(
            f"refreshes of {sdram.name} at {clock_mhz:g} MHz leave no time for frames; let its "
            f"clock be faster"
        )
    return Feed(
        bits=sdram.bits,
        first=_DECIDED + opened + cycles.cas + PIN_CYCLES + 2,
        extra=opened,
        every=every,
        busy=busy,
        most=most,
        holds=sdram.words,
    )


def even(feed: Feed) -> Feed:
    """The same with refreshes in every second cycle, so that a clock of half the frequency suits.

    Parameters
    ----------
    feed : Feed
        Of the clock of the SDRAM.
    """
    return replace(feed, every=feed.every // 2 * 2, busy=feed.busy + feed.busy % 2)


def doubled(feed: Feed) -> Feed:
    """What a feed is to an accelerator with half its clock, which takes two words at once.

    Parameters
    ----------
    feed : Feed
        As :func:`even` gives it; see :class:`~threefold.hw.sdram.doubler.FrameDoubler`.
    """
    return Feed(
        bits=2 * feed.bits,
        first=ceil(feed.first / 2) + 2,
        extra=ceil(feed.extra / 2),
        every=feed.every // 2,
        busy=feed.busy // 2,
        most=feed.most // 2,
        holds=feed.holds // 2,
    )


def feed_at(sdram: SDRAM, clock_mhz: float, ratio: int) -> Feed:
    """Times in cycles of an accelerator.

    Parameters
    ----------
    sdram : SDRAM
    clock_mhz : float
        Frequency of the accelerator, in MHz.
    ratio : int
        Frequency of the SDRAM by that of the accelerator: 1 or 2.

    Raises
    ------
    PlanError
        As :func:`feed_of`.
    """
    if ratio == 1:
        return feed_of(sdram, clock_mhz)
    return doubled(even(feed_of(sdram, ratio * clock_mhz)))


def ratio_for(unit: StreamedUnit, sdram: SDRAM) -> int:
    """Frequency of an SDRAM by that of an accelerator, from the words that a unit takes: 1 or 2."""
    return 2 if Feed.of(unit.feed).bits == 2 * sdram.bits else 1


def ratio_of(plan: Plan, sdram: SDRAM, clock_mhz: float) -> int:
    """Frequency of an SDRAM by that of an accelerator, as its plan was made for it: 1 or 2.

    Parameters
    ----------
    plan : Plan
    sdram : SDRAM
    clock_mhz : float
        Frequency of the accelerator, in MHz.

    Raises
    ------
    PlanError
        If the plan has no streamed unit, or it was made for another memory or clock.
    """
    unit = plan.streamed
    if not isinstance(unit, StreamedUnit):
        raise PlanError(f"no program of {plan.network.name!r} comes from a memory outside")
    made, ratio = Feed.of(unit.feed), ratio_for(unit, sdram)
    needed = feed_at(sdram, clock_mhz, ratio)
    if made != needed:
        raise PlanError(
            f"the plan of {plan.network.name!r} is for {made}, and {sdram.name} at "
            f"{ratio * clock_mhz:g} MHz is {needed}; build at the clock that it was planned for"
        )
    return ratio
