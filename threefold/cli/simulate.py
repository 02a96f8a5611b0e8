"""``threefold simulate``: the hardware against the golden model, bit by bit."""

import argparse
import math
from pathlib import Path

from rich.console import Console

from ..data import load_images
from ..errors import DataError
from ..network import load
from ..samples import SampleWords, sample_words
from ..sim.simulate import SIMULATORS, SimulationResult
from .options import add_plan_arguments, changes_noted, open_project
from .own_data import samples_of
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "prove the hardware equal to the golden model on images, in cocotb"
EXAMPLES = [
    "threefold simulate out/digits/network.tern -o out/digits \\\n"
    "      --images out/digits/test.npz",
    "threefold simulate out/digits/network.tern -o out/digits \\\n"
    "      --images out/digits/test.npz --limit 20 --stalls 0.3 --waves",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_plan_arguments(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--images",
        type=Path,
        metavar="FILE",
        help="an .npz with images (count, height, width, channels) and, if known, labels",
    )
    source.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="your own samples, in the format that the network was trained with",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    parser.add_argument(
        "--stalls",
        type=float,
        default=0.0,
        metavar="P",
        help="probability of a random stall on either side in each cycle (0)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the stalls (0)")
    parser.add_argument(
        "--simulator",
        choices=SIMULATORS,
        default="verilator",
        help="verilator, the faster, or icarus, which knows undefined values (verilator)",
    )
    parser.add_argument(
        "--at",
        action="append",
        metavar="NAME",
        help="width of the network at which images are computed, or whole; repeatable: images take "
        "them in turn (whole)",
    )
    parser.add_argument("--waves", action="store_true", help="record waveforms")


def run(args: argparse.Namespace, console: Console) -> str:
    """Simulate; what was compared and measured as text."""
    if args.data:
        images, labels = samples_of(load(args.network), args.data, console)
    else:
        images, labels = load_images(args.images)
    if args.limit is not None:
        if args.limit < 1:
            raise DataError(f"--limit must be at least 1, not {args.limit}")
        images, labels = images[: args.limit], None if labels is None else labels[: args.limit]
    project = open_project(args, console)
    words = sample_words(project.network)
    bars = progress_of(console, "compile", count=(len(images), words.many))
    with changes_noted(project, console), bars as progress:
        result = project.simulate(
            images,
            labels,
            stalls=args.stalls,
            seed=args.seed,
            simulator=args.simulator,
            waves=args.waves,
            widths=["" if name == "whole" else name for name in args.at or ()],
            progress=progress,
        )
    return _summary(result, labels, words)


def _summary(result: SimulationResult, labels, words: SampleWords) -> str:
    lines = [
        f"{words.many:<10}  {result.images:,}, {result.beats:,} beats of all layers compared",
        "mismatches  0",
    ]
    if labels is not None:
        lines.append(
            f"accuracy    {(result.classes == labels).mean():.2%} of the hardware's classes"
        )
    if result.cycles:
        lines.append(f"latency     {result.cycles.latency:,} cycles")
    if result.cycles and not math.isnan(result.cycles.interval):
        lines.append(f"interval    {result.cycles.interval:,} cycles")
    lines.append(f"simulator   {result.simulator}, {result.cycles_per_second:,.0f} cycles/s")
    if result.waves:
        lines.append(f"waveforms   {result.waves}")
    return "\n".join(lines)
