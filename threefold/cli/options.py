"""Options that several commands share."""

import argparse
import contextlib
import re
from pathlib import Path

from rich.console import Console

from ..boards import BOARDS
from ..errors import FileFormatError, PlanError
from ..network import Network, load
from ..plan import Folding
from ..project import Project
from .progress import progress_bar

__all__ = ["add_plan_arguments", "open_project", "plan_project"]


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


def open_project(args: argparse.Namespace, console: Console) -> Project:
    """The project the arguments ask for: as planned before, unless they ask for another plan.

    Nothing is written yet.
    """
    network = load(args.network)
    folder = _folder(args, network)
    if not (args.fold or args.interval) and (folder / "plan.json").exists():
        project = Project.reopen(network, folder)
        if args.board in (None, project.plan.board):
            return project
    return _draft(args, network, folder, console)


def plan_project(args: argparse.Namespace, console: Console) -> Project:
    """The project planned as the arguments ask; without any, as before if that is usable.

    Nothing is written yet.
    """
    network = load(args.network)
    folder = _folder(args, network)
    if not (args.board or args.fold or args.interval):
        with contextlib.suppress(FileFormatError, PlanError):
            return Project.reopen(network, folder)
    return _draft(args, network, folder, console)


def _folder(args: argparse.Namespace, network: Network) -> Path:
    return args.output or Path("out", network.name)


def _draft(args: argparse.Namespace, network: Network, folder: Path, console: Console) -> Project:
    foldings = {}
    for layer, folding in args.fold or ():
        if layer in foldings:
            raise PlanError(f"--fold names {layer!r} twice")
        foldings[layer] = folding
    with progress_bar(console) as bar:
        task = bar.add_task("plan")
        return Project.draft(
            network,
            folder,
            board=args.board or "icebreaker",
            foldings=foldings or None,
            interval=args.interval,
            progress=lambda done, layers: bar.update(task, completed=done, total=layers),
        )


def _folding(text: str) -> tuple[str, Folding]:
    match = re.fullmatch(r"([a-z][a-z0-9_]*)=(\d{1,9})x(\d{1,9})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected LAYER=PExSIMD such as fc1=8x8, not {text!r}")
    return match[1], Folding(int(match[2]), int(match[3]))


def _positive(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,11}", text):
        raise argparse.ArgumentTypeError(f"expected a positive number of cycles, not {text!r}")
    return int(text)
