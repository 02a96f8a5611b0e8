"""Streamed plans on boards: the clocks they need, and their accelerators."""

from contextlib import suppress

from threefold.boards import Board, Target
from threefold.boards.sdram import SDRAM
from threefold.errors import PlanError
from threefold.fpga import MemoryClocks
from threefold.plan import Plan
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit

from ..accelerator import Accelerator
from .accelerator import SDRAMAccelerator
from .benchmark import Benchmark, require_whole
from .buffers import LEAD_NS
from .feed import feed_at, ratio_for, ratio_of

__all__ = [
    "RATIOS",
    "benchmark_sdram",
    "board_accelerator",
    "board_feed",
    "board_feeds",
    "memory_clocks",
    "planned_memory",
    "planned_mhz",
    "require_feed",
]

RATIOS = (1, 2)
"""Frequencies of an SDRAM by that of the accelerator."""

_SAME_MHZ = 1e-6  # clocks of a PLL are further apart
_FASTEST_MHZ = 112.5  # that controllers of twice the accelerator's clock are planned for


def board_feed(board: Board, clock_mhz: float, *, ratio: int = 1) -> Feed:
    """Times of a board's SDRAM, to plan a streamed unit with.

    Parameters
    ----------
    board : Board
    clock_mhz : float
        Frequency wanted of the accelerator, in MHz.
    ratio : int
        Frequency of the SDRAM by that: 1 or 2.

    Raises
    ------
    PlanError
        If the board has no SDRAM, or it or the PLL takes no such clock.
    """
    clocks = MemoryClocks(ratio, LEAD_NS)
    return feed_at(_sdram_of(board), board.achieved_mhz(clock_mhz, clocks), ratio)


def board_feeds(
    board: Target, *, clock_mhz: float | None = None, ratio: int | None = None
) -> dict[Feed, float]:
    """What a program of a board's SDRAM may come at, and the accelerator's frequency with each.

    Parameters
    ----------
    board : Target
    clock_mhz : float, optional
        Frequency wanted of the accelerator, in MHz. Left out, it is the board's default, or less
        where the SDRAM has twice that.
    ratio : int, optional
        Frequency of the SDRAM by that, one of :data:`RATIOS`; if left out, all that suit the clock.

    Raises
    ------
    PlanError
        If the board has no SDRAM, there is no such ratio, or nothing suits the clock.
    """
    if ratio is not None and ratio not in RATIOS:
        raise PlanError(f"an SDRAM has the clock of the accelerator, or 2 times that, not {ratio}")
    _sdram_of(board)
    assert isinstance(board, Board)  # it has an SDRAM
    feeds: dict[Feed, float] = {}
    refusals = []
    for each in RATIOS if ratio is None else (ratio,):
        wanted_mhz = clock_mhz or _usual_mhz(board, each)
        try:
            feed = board_feed(board, wanted_mhz, ratio=each)
        except PlanError as error:
            refusals.append(error)
            continue
        feeds[feed] = board.achieved_mhz(wanted_mhz, MemoryClocks(each, LEAD_NS))
    if not feeds:
        raise refusals[0]
    return feeds


def planned_mhz(plan: Plan, board: Target) -> float | None:
    """Frequency of the accelerator that a plan was made for, in MHz, by the times of its memory.

    None if no program comes from an SDRAM, or from another one than the board's.
    """
    unit = plan.streamed
    if not isinstance(unit, StreamedUnit) or not isinstance(board, Board) or board.sdram is None:
        return None
    clocks, feed = MemoryClocks(ratio_for(unit, board.sdram), LEAD_NS), Feed.of(unit.feed)
    usual = board.achieved_mhz(_usual_mhz(board, clocks.ratio), clocks)
    pll = board.pll(usual, clocks)
    assert pll is not None  # there is one for every further clock
    for clock_mhz in (usual, *pll.frequencies(board.base_mhz, clocks)):
        with suppress(PlanError):  # too fast or too slow
            if feed_at(board.sdram, clock_mhz, clocks.ratio) == feed:
                return clock_mhz
    return None


def planned_memory(plan: Plan, board: Target | None) -> tuple[SDRAM, float, int]:
    """The SDRAM that a program comes from, and what a plan was made for.

    Parameters
    ----------
    plan : Plan
        With a streamed unit.
    board : Target, optional

    Returns
    -------
    SDRAM, float, int
        The board's; the frequency of the accelerator in MHz; that of the SDRAM by it.

    Raises
    ------
    PlanError
        If no clock of the board and its SDRAM is that of the plan.
    """
    unit = plan.streamed
    assert isinstance(unit, StreamedUnit)
    clock_mhz = planned_mhz(plan, board) if board else None
    if clock_mhz is None:
        name = board.name if board else "a plan without a board"
        raise PlanError(
            f"{name} has no SDRAM with the times that {plan.network.name!r} is planned for; plan "
            f"with --board and --sdram"
        )
    assert isinstance(board, Board)
    sdram = _sdram_of(board)
    return sdram, clock_mhz, ratio_for(unit, sdram)


def _usual_mhz(board: Board, ratio: int) -> float:
    return board.clock_mhz if ratio == 1 else min(board.clock_mhz, _FASTEST_MHZ / ratio)


def benchmark_sdram(board: Target | None) -> SDRAM:
    """The SDRAM of a board that images of a benchmark are in.

    Raises
    ------
    PlanError
        If the board has none.
    """
    sdram = board.sdram if isinstance(board, Board) else None
    if sdram is None:
        name = board.name if board else "a plan without a board"
        raise PlanError(
            f"{name} has no SDRAM for the images of a benchmark; plan for another board"
        )
    return sdram


def memory_clocks(plan: Plan, board: Target, *, benchmark: bool = False) -> MemoryClocks | None:
    """Clocks of a board's SDRAM that a plan or a benchmark needs; None if neither does.

    Parameters
    ----------
    plan : Plan
    board : Target
    benchmark : bool
        Whether images of a benchmark are in the SDRAM.

    Raises
    ------
    PlanError
        If the board has no SDRAM, or a benchmark had to share it.
    """
    if benchmark:
        benchmark_sdram(board)
        require_whole(plan)
        return MemoryClocks(1, LEAD_NS)
    unit = plan.streamed
    if not isinstance(unit, StreamedUnit):
        return None
    return MemoryClocks(ratio_for(unit, _sdram_of(board)), LEAD_NS)


def board_accelerator(
    plan: Plan, board: Board, *, clock_mhz: float | None = None, benchmark: bool = False
) -> Accelerator | SDRAMAccelerator | Benchmark:
    """The accelerator of a plan, with the board's SDRAM if it needs one.

    Parameters
    ----------
    plan : Plan
    board : Board
    clock_mhz : float, optional
        Frequency wanted, in MHz; that of the plan if left out.
    benchmark : bool
        Whether images can come from the SDRAM.

    Raises
    ------
    PlanError
        If the board lacks an SDRAM that is needed, the plan is for another memory or clock, or as
        :class:`Benchmark`.
    """
    require_feed(plan, board, clock_mhz)  # raises before there is a component
    clocks = memory_clocks(plan, board, benchmark=benchmark)
    if clocks is None:
        return Accelerator(plan)
    wanted_mhz = clock_mhz or planned_mhz(plan, board) or board.clock_mhz
    achieved_mhz = board.achieved_mhz(wanted_mhz, clocks)
    if benchmark:
        return Benchmark(plan, _sdram_of(board), clock_mhz=achieved_mhz)
    return SDRAMAccelerator(plan, _sdram_of(board), clock_mhz=achieved_mhz)


def require_feed(plan: Plan, board: Board, clock_mhz: float | None = None) -> None:
    """Raise unless a plan takes no program from outside, or was made for that of a board.

    Parameters
    ----------
    plan : Plan
    board : Board
    clock_mhz : float, optional
        Frequency wanted, in MHz; that of the plan if left out.

    Raises
    ------
    PlanError
    """
    clocks = memory_clocks(plan, board)
    if clocks is None:
        return
    planned = planned_mhz(plan, board)
    achieved_mhz = board.achieved_mhz(clock_mhz or planned or board.clock_mhz, clocks)
    if planned and abs(planned - achieved_mhz) > _SAME_MHZ:
        raise PlanError(
            f"the plan of {plan.network.name!r} is for {planned:.4g} MHz, which times of its "
            f"SDRAM depend on, not {achieved_mhz:.4g} MHz; leave the clock out, or plan again for "
            f"it"
        )
    ratio_of(plan, _sdram_of(board), achieved_mhz)


def _sdram_of(board: Target) -> SDRAM:
    if not isinstance(board, Board) or board.sdram is None:
        raise PlanError(f"{board.name} has no SDRAM for a program; choose another board")
    return board.sdram
