"""``threefold build``: Verilog, and with a board its bitstream."""

import argparse

from rich.console import Console

from ..errors import PlanError
from .options import add_plan_arguments, open_project, progress_bar

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "generate Verilog and build the bitstream of a board"
EXAMPLES = [
    "threefold build out/digits/network.tern --board icebreaker -o out/digits",
    "threefold build out/digits/network.tern --rtl-only -o out/digits",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_plan_arguments(parser)
    parser.add_argument("--clock", type=float, metavar="MHZ", help="frequency (the board's usual)")
    parser.add_argument("--seed", type=int, default=1, help="of placement (1)")
    parser.add_argument("--rtl-only", action="store_true", help="stop after the Verilog")


def run(args: argparse.Namespace, console: Console) -> str:
    """Build; where things are and what was reached as text."""
    if args.clock is not None and not 0 < args.clock < 1000:
        raise PlanError(f"the clock must be above 0 and below 1000 MHz, not {args.clock:g}")
    project = open_project(args)
    if args.rtl_only:
        return f"verilog    {project.generate()}"
    with progress_bar(console, args.quiet) as bar:
        task = bar.add_task("generate", total=1.0)
        result = project.build(
            clock_mhz=args.clock,
            seed=args.seed,
            progress=lambda step, done: bar.update(task, description=step, completed=done),
        )
    lines = [
        f"bitstream  {result.bitstream}",
        f"clock      {result.clock_mhz:.4g} MHz, holds up to {result.fmax_mhz:.1f} MHz",
    ]
    for resource, count in result.utilization.items():
        share = count["used"] / count["available"]
        lines.append(f"{resource:10} {count['used']:,} of {count['available']:,} ({share:.0%})")
    return "\n".join(lines)
