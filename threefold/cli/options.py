"""Options and displays that several commands share."""

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..boards import BOARDS
from ..network import load
from ..plan import Folding
from ..project import Project

__all__ = ["add_plan_arguments", "open_project", "progress_bar"]


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every command that needs a plan."""
    parser.add_argument("network", type=Path, metavar="NETWORK", help="a *.tern file")
    parser.add_argument(
        "--board", choices=sorted(BOARDS), help="what to plan for (icebreaker, if not yet planned)"
    )
    parser.add_argument(
        "--fold",
        type=_folding,
        action="append",
        metavar="LAYER=PExSIMD",
        help="folding of one layer, such as fc1=8x8; give one for each (the fastest that fit)",
    )
    parser.add_argument(
        "--interval",
        type=_positive,
        metavar="CYCLES",
        help="cycles between images to keep with the least logic",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where products are (out/NETWORK)"
    )


def open_project(args: argparse.Namespace) -> Project:
    """The project the arguments ask for: as planned before, unless they plan anew."""
    network = load(args.network)
    folder = args.output or Path("out", network.name)
    asked = args.board or args.fold or args.interval
    if not asked and (folder / "plan.json").exists():
        return Project.reopen(network, folder)
    return Project.create(
        network,
        folder,
        board=args.board or "icebreaker",
        foldings=dict(args.fold) if args.fold else None,
        interval=args.interval,
    )


@contextmanager
def progress_bar(console: Console, quiet: bool, unit: str = "") -> Iterator[Progress]:
    """A progress bar with time left on stderr, gone when the work is done."""
    columns = [TextColumn("{task.description:16}"), BarColumn()]
    if unit:
        columns.append(TextColumn(f"{{task.completed:.0f}}/{{task.total:.0f}} {unit}"))
    columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    with Progress(*columns, console=console, disable=quiet, transient=True) as progress:
        yield progress


def _folding(text: str) -> tuple[str, Folding]:
    match = re.fullmatch(r"([a-z][a-z0-9_]*)=(\d{1,9})x(\d{1,9})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected LAYER=PExSIMD such as fc1=8x8, not {text!r}")
    return match[1], Folding(int(match[2]), int(match[3]))


def _positive(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,11}", text):
        raise argparse.ArgumentTypeError(f"expected a positive number of cycles, not {text!r}")
    return int(text)
