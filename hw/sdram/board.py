"""Streamed plans on boards: the clocks they need, and their accelerators."""

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
    "benchmark_sdram",
    "board_accelerator",
    "board_feed",
    "memory_clocks",
    "require_feed",
]


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
        Frequency wanted, in MHz; the board's default if left out.
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
    achieved_mhz = board.achieved_mhz(clock_mhz or board.clock_mhz, clocks)
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
        Frequency wanted, in MHz; the board's default if left out.

    Raises
    ------
    PlanError
    """
    if clocks := memory_clocks(plan, board):
        achieved_mhz = board.achieved_mhz(clock_mhz or board.clock_mhz, clocks)
        ratio_of(plan, _sdram_of(board), achieved_mhz)


def _sdram_of(board: Target) -> SDRAM:
    if not isinstance(board, Board) or board.sdram is None:
        raise PlanError(f"{board.name} has no SDRAM for a program; choose another board")
    return board.sdram
