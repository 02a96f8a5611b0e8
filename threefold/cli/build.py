"""``threefold build``: Verilog, and with a board its bitstream."""

import argparse

from rich.console import Console

from ..boards import Board
from ..core_files import BUSES
from ..errors import PlanError
from ..hw.interfaces.serial import BAUD
from ..hw.sdram.board import benchmark_sdram
from ..project import Project
from ..tools.build_plan import require_closed
from .note import note
from .options import add_plan_arguments, changes_noted, open_project
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "generate Verilog, and build the bitstream of a board"
EXAMPLES = [
    "threefold build out/digits/network.tern --board icebreaker --seeds 4 \\\n      -o out/digits",
    "threefold build out/digits/network.tern --rtl-only -o out/digits",
    "threefold build out/digits/network.tern --target generic --luts 3000 \\\n"
    "      --brams 20 -o out/core",
    "threefold build out/digits/network.tern --target generic --bus axi -o out/axi",
    "threefold build out/digits/network.tern --board ulx3s_85f --sdram --rtl-only \\\n"
    "      -o out/outside",
]

_SEEDS = 1000  # placements at most
_RATES = (9600, 3_000_000)  # bits a second, from and to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_plan_arguments(parser)
    parser.add_argument(
        "--clock",
        type=float,
        metavar="MHZ",
        help="frequency (the board's usual); of a core with --bus, which only tells it",
    )
    parser.add_argument("--seed", type=int, default=1, help="of placement (1)")
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="placements to try, from --seed on, until one holds the clock (1)",
    )
    parser.add_argument(
        "--timing-allow-fail",
        action="store_true",
        help="keep a bitstream that does not hold the clock",
    )
    parser.add_argument(
        "--nextpnr-options",
        default="",
        metavar="OPTIONS",
        help="further options of nextpnr, such as '--placer static --router router2'",
    )
    parser.add_argument(
        "--baud", type=int, default=BAUD, metavar="N", help=f"bits a second on the line ({BAUD})"
    )
    parser.add_argument(
        "--benchmark",
        action="store_true",
        help="let images be loaded into the board's SDRAM, from which threefold run --benchmark "
        "runs them at full speed",
    )
    parser.add_argument("--rtl-only", action="store_true", help="stop after the Verilog")
    parser.add_argument(
        "--bus",
        choices=BUSES,
        help="Verilog of a core with registers: AXI4-Lite and AXI4-Stream, or Wishbone",
    )


def run(args: argparse.Namespace, console: Console) -> str:
    """Build; where things are and what was reached as text."""
    if args.clock is not None and not 0 < args.clock < 1000:
        raise PlanError(f"the clock must be above 0 and below 1000 MHz, not {args.clock:g}")
    if not 1 <= args.seeds <= _SEEDS:
        raise PlanError(f"--seeds must be 1 to {_SEEDS}, not {args.seeds}")
    highest = (1 << 31) - args.seeds
    if not 0 <= args.seed <= highest:
        raise PlanError(f"the seed of placement must be 0 to {highest}, not {args.seed}")
    if not _RATES[0] <= args.baud <= _RATES[1]:
        raise PlanError(f"--baud must be {_RATES[0]} to {_RATES[1]}, not {args.baud}")
    require_closed(args.nextpnr_options, "nextpnr")
    if args.benchmark and (args.bus or args.rtl_only):
        raise PlanError("a benchmark is a part of bitstreams; leave out --bus and --rtl-only")
    project = open_project(args, console)
    if args.bus:
        with changes_noted(project, console):
            verilog = project.generate(args.bus, clock_mhz=args.clock)
        return "\n".join([f"verilog    {verilog}", *_program(project)])
    if args.benchmark:
        benchmark_sdram(project.board)  # raises if there is none
    if args.rtl_only or not isinstance(project.board, Board):
        with changes_noted(project, console):
            verilog = project.generate()
        return "\n".join([f"verilog    {verilog}", *_program(project)])
    bars = progress_of(console, "generate", lines=True)
    with changes_noted(project, console), bars as progress:
        result = project.build(
            clock_mhz=args.clock,
            seed=args.seed,
            seeds=args.seeds,
            timing_allow_fail=args.timing_allow_fail,
            nextpnr_options=args.nextpnr_options,
            baud=args.baud,
            benchmark=args.benchmark,
            progress=progress,
        )
    if result.up_to_date:
        note(console, "up to date: built from the same before")
    held = "holds" if result.fmax_mhz >= result.clock_mhz else "TOO FAST: holds only"
    lines = [
        f"bitstream  {result.bitstream}",
        *_program(project),
        f"clock      {result.clock_mhz:.4g} MHz, {held} up to {result.fmax_mhz:.1f} MHz",
    ]
    if args.seeds > 1:
        lines.append(f"seed       {result.seed}, of {len(result.fmax_by_seed)} tried")
    for resource, count in result.utilization.items():
        share = count["used"] / count["available"]
        lines.append(f"{resource:10} {count['used']:,} of {count['available']:,} ({share:.0%})")
    return "\n".join(lines)


def _program(project: Project) -> list[str]:
    """What the hardware is loaded with, if its contents come from outside."""
    path = project.products.program
    if not (project.plan.loadable or project.plan.streamed):
        return []
    where = " for the SDRAM" if project.plan.streamed else ""
    size = f"{path.stat().st_size:,} bytes{where}"
    return [f"program    {path}, {size}, by threefold run --load"]
