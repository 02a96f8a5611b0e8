"""Options that several commands share."""

import argparse
import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console

from ..boards import BOARDS, Target, no_board, read_target
from ..errors import FileFormatError, PlanError
from ..fpga import GENERIC, MEMORIES
from ..hw.sdram.board import RATIOS
from ..network import Network, load
from ..plan import FORMS, Folding, load_plan, refold
from ..plan.units import KINDS
from ..planning import plan_for_board
from ..products import Products
from ..project import Project
from .note import note
from .progress import progress_of

__all__ = ["add_plan_arguments", "changes_noted", "open_project", "plan_project"]

_FURTHER = sorted(kind.kind for kind in KINDS.values() if not kind.proposed)
_TARGET_FILE = ".toml"


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every command that needs a plan."""
    parser.add_argument("network", type=Path, metavar="NETWORK", help="a *.tern file")
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "--board",
        metavar="BOARD",
        help=f"what to plan for: {', '.join(sorted(BOARDS))}, or a .toml file with limits "
        f"(icebreaker, if not yet planned)",
    )
    target.add_argument(
        "--target",
        choices=[GENERIC.name],
        help="Verilog for any FPGA, without a board, within --luts and --brams",
    )
    parser.add_argument("--luts", type=_count, metavar="N", help="four-input LUTs (no limit)")
    parser.add_argument("--brams", type=_count, metavar="N", help="block RAMs of 4 Kbit (no limit)")
    parser.add_argument(
        "--fold",
        type=_folding,
        action="append",
        metavar="LAYER=PExSIMD",
        help="folding of a layer, PExSIMD such as fc1=8x8, or with the neighbouring output pixels "
        "that share what is read of the weights, conv1=8x4x2; SIMD divides the channels, or the "
        "columns of a kernel row, or is several rows; fc1=unrolled gives every weight an adder of "
        "its own, for a vector a cycle, fc1=serial one for a digit of them a cycle, fc1=stationary "
        "every row an accumulator, for an element a cycle; repeatable (chosen by the speed)",
    )
    parser.add_argument(
        "--try",
        dest="kinds",
        choices=_FURTHER,
        action="append",
        metavar="KIND",
        help=f"kind of unit to try for each layer besides engines, {', '.join(_FURTHER)}; "
        "repeatable (none)",
    )
    parser.add_argument(
        "--sequential",
        type=_run,
        action="append",
        metavar="FIRST..LAST",
        help="layers that one array takes in turn, such as conv1..act28, or with the folding of "
        "the array, conv1..act28=16x16x4; repeatable (as many as can take turns if nothing else "
        "fits)",
    )
    parser.add_argument(
        "--loadable",
        type=Path,
        nargs="*",
        metavar="OTHER",
        help="weights, thresholds and program of layers in turn are loaded at run time, with room "
        "for what these *.tern files need as well; the layers are those of --sequential, else as "
        "many as can take turns",
    )
    parser.add_argument(
        "--sdram",
        type=_ratio,
        nargs="?",
        const=0,
        metavar="RATIO",
        help="weights, thresholds and program of layers in turn come from the SDRAM of the board, "
        "anew for each image; its clock is that of the accelerator times RATIO, 1 or 2 (what is "
        "faster); the layers are those of --sequential, else all but the first ones",
    )
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument(
        "--interval",
        type=_positive,
        metavar="CYCLES",
        help="cycles between images to keep with the least logic (those at the knee, where four "
        "times the rate would take more than twice the logic cells)",
    )
    speed.add_argument(
        "--fastest", action="store_true", help="the fewest cycles between images that fit"
    )
    parser.add_argument(
        "--memory",
        type=_memory,
        action="append",
        metavar="NAME=KIND",
        help=f"memory of the buffer of a unit: {', '.join(MEMORIES)} (auto)",
    )
    parser.add_argument(
        "--requantizer",
        type=_requantizer,
        action="append",
        metavar="NAME=FORM",
        help=f"form of the requantizer of a unit: {', '.join(FORMS)} (the cheapest)",
    )
    parser.add_argument(
        "--width",
        action="append",
        metavar="NAME",
        help="a narrower width of the network that the hardware computes as well, image by image; "
        "repeatable (only the whole network)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where products are (out/NETWORK)"
    )


def open_project(args: argparse.Namespace, console: Console) -> Project:
    """The project the arguments ask for: as planned before, unless they ask for another plan.

    Nothing is written yet.
    """
    network, asked = load(args.network), _asked(args)
    folder = _folder(args, network)
    if not _planned_anew(args) and os.path.exists(Products(folder).plan):
        project = Project.open(folder, network)
        if asked in (None, project.plan.board):
            return _chosen(args, project, console)
    return _draft(args, network, folder, console)


def plan_project(args: argparse.Namespace, console: Console) -> Project:
    """The project planned as the arguments ask; without any, as before if that plan is usable.

    Nothing is written yet.
    """
    network = load(args.network)
    folder = _folder(args, network)
    if not (_asked(args) or _planned_anew(args)):
        project = None
        with contextlib.suppress(FileFormatError, PlanError):
            project = Project.open(folder, network)
        if project:
            if not (args.memory or args.requantizer):
                note(
                    console,
                    "as planned before; --board, --fold, --sequential, --loadable, --sdram, "
                    "--interval, --fastest or --width plan anew",
                )
            return _chosen(args, project, console)
    return _draft(args, network, folder, console)


@contextlib.contextmanager
def changes_noted(project: Project, console: Console) -> Iterator[None]:
    """Notes on what the project moved in its folder or removed, whatever becomes of the work."""
    try:
        yield
    finally:
        if project.former:
            note(console, str(project.former))
        if project.removed:
            names = ", ".join(_names(project.products, project.removed))
            note(console, f"removed products of the plan before: {names}")


def _names(products: Products, paths: Iterable[Path]) -> list[str]:
    """Paths within a folder; all that is in the folder of the bitstream as one."""
    names = (
        f"{products.gateware.name}/"
        if path.parent == products.gateware
        else str(path.relative_to(products.folder))
        for path in paths
    )
    return list(dict.fromkeys(names))


def _folder(args: argparse.Namespace, network: Network) -> Path:
    return args.output or Path("out", network.name)


def _draft(args: argparse.Namespace, network: Network, folder: Path, console: Console) -> Project:
    board = _board(args, network, Products(folder), console)
    with progress_of(console, "plan") as progress:
        plan = plan_for_board(
            network,
            board,
            foldings=_unique("--fold", args.fold),
            sequential=_unique("--sequential", args.sequential) or None,
            loadable=None if args.loadable is None else [load(path) for path in args.loadable],
            sdram=args.sdram,
            clock_mhz=None if args.sdram is None else getattr(args, "clock", None),
            batch=getattr(args, "batch", 1),
            interval=args.interval,
            fastest=args.fastest,
            memories=_unique("--memory", args.memory),
            forms=_unique("--requantizer", args.requantizer),
            widths=_widths(args),
            kinds=args.kinds or (),
            progress=progress,
        )
    return Project(folder, plan)


def _widths(args: argparse.Namespace) -> list[str]:
    """The narrower widths that are asked for."""
    return list(_unique("--width", [(name, name) for name in args.width or ()]))


def _planned_anew(args: argparse.Namespace) -> bool:
    asked = (
        args.fold or args.kinds or args.sequential or args.interval or args.fastest or args.width
    )
    given = args.loadable is not None or args.sdram is not None
    return bool(asked) or given


def _asked(args: argparse.Namespace) -> str | None:
    """Name of the board or target that is asked for; None if none is."""
    if args.target is None:
        if args.luts or args.brams:
            raise PlanError("--luts and --brams are limits of --target generic; add it")
        if args.board is None or args.board in BOARDS:
            return args.board
        if args.board.endswith(_TARGET_FILE):
            return read_target(args.board).name
        raise no_board(args.board, "a .toml file with limits")
    return Target.limited(args.target, luts=args.luts, brams=args.brams).name


def _board(args: argparse.Namespace, network: Network, products: Products, console: Console) -> str:
    """The board asked for, else that of the plan that is there, usable or not."""
    board = _asked(args) or products.planned_board() or "icebreaker"
    if os.path.exists(products.plan):
        try:
            load_plan(network, products.plan)
        except FileFormatError as error:
            note(console, f"{str(error).removesuffix('; plan again')}; planning again for {board}")
        except PlanError:
            pass  # the plan of another network is kept and told of when this one is written
    return board


def _chosen(args: argparse.Namespace, project: Project, console: Console) -> Project:
    """The project as it is, but for the memories and requantizers that are asked for."""
    memories = _unique("--memory", args.memory)
    forms = _unique("--requantizer", args.requantizer)
    if not (memories or forms):
        return project
    project.board.check_memories(memories)
    with progress_of(console, "plan") as progress:
        plan = refold(project.plan, memories=memories, forms=forms, progress=progress)
        return Project(project.folder, plan)


def _unique(option: str, pairs) -> dict:
    values = {}
    for name, value in pairs or ():
        if name in values:
            raise PlanError(f"{option} names {name!r} twice")
        values[name] = value
    return values


def _memory(text: str) -> tuple[str, str]:
    return _choice(text, "NAME=KIND such as conv1=block")


def _requantizer(text: str) -> tuple[str, str]:
    return _choice(text, "NAME=FORM such as conv1=sequential")


def _choice(text: str, example: str) -> tuple[str, str]:
    match = re.fullmatch(r"([a-z][a-z0-9_]*)=([a-z]+)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected {example}, not {text!r}")
    return match[1], match[2]


def _folding(text: str) -> tuple[str, Folding | str]:
    if match := re.fullmatch(rf"([a-z][a-z0-9_]*)=({'|'.join(_FURTHER)})", text):
        return match[1], match[2]
    match = re.fullmatch(r"([a-z][a-z0-9_]*)=(\d{1,9})x(\d{1,9})(?:x(\d{1,9}))?", text)
    if not match:
        raise argparse.ArgumentTypeError(
            f"expected LAYER=PExSIMD such as fc1=8x8, with the pixels worked on at once, "
            f"conv1=8x4x2, or fc1={', '.join(_FURTHER[:-1])} or {_FURTHER[-1]}, not {text!r}"
        )
    return match[1], Folding(int(match[2]), int(match[3]), int(match[4] or 1))


def _run(text: str) -> tuple[str, Folding | None]:
    match = re.fullmatch(
        r"([a-z][a-z0-9_]*\.\.[a-z][a-z0-9_]*)(?:=(\d{1,9})x(\d{1,9})(?:x(\d{1,9}))?)?", text
    )
    if not match:
        raise argparse.ArgumentTypeError(
            f"expected FIRST..LAST such as conv1..act28, with the folding of their array "
            f"conv1..act28=16x16 or conv1..act28=16x16x4, not {text!r}"
        )
    layers, pe, simd, pixels = match.groups()
    return layers, Folding(int(pe), int(simd), int(pixels or 1)) if pe else None


def _ratio(text: str) -> int:
    if text not in map(str, RATIOS):
        raise argparse.ArgumentTypeError(
            f"expected {' or '.join(map(str, RATIOS))}, the clock of the SDRAM by that of the "
            f"accelerator, or nothing behind it, not {text!r}"
        )
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise argparse.ArgumentTypeError(f"expected a positive number, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,11}", text):
        raise argparse.ArgumentTypeError(f"expected a positive number of cycles, not {text!r}")
    return int(text)
