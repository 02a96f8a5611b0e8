"""``threefold program``: a bitstream onto a board."""

import argparse
from pathlib import Path

from rich.console import Console

from ..tools.program import built_for, program
from .note import note

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "write the bitstream of a build to its board, by openFPGALoader"
EXAMPLES = ["threefold program out/digits", "threefold program out/digits --flash"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where threefold build wrote")
    parser.add_argument(
        "--flash",
        action="store_true",
        help="write the flash, which the board starts from, even where the FPGA alone can be "
        "written",
    )


def run(args: argparse.Namespace, console: Console) -> str:
    """Program the board; what was written as text."""
    bitstream, board = built_for(args.folder)
    note(console, f"writing to the {board.title}")
    program(bitstream, board, flash=args.flash)
    return f"written    {bitstream}"
