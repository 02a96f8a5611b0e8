"""``threefold program``: a bitstream, and a program image, onto a board."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from ..boards import Board
from ..errors import PlanError
from ..products import Products
from ..tools.program import built_for, program, write_program_image
from .loading import program_image
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
    parser.add_argument(
        "--load",
        type=Path,
        metavar="PATH",
        help="leave the bitstream of a loadable build, and write into the flash what it loads at "
        "power-up: another network as a *.tern file, a program.bin, or the folder of one",
    )


def run(args: argparse.Namespace, console: Console) -> str:
    """Program the board; what was written as text."""
    bitstream, board = built_for(args.folder)
    program_bin, log = Products(args.folder).program, bitstream.parent / "program.log"
    if args.load:
        if not program_bin.is_file():
            raise PlanError(
                f"{args.folder} holds no program.bin, so that nothing can be loaded into what was "
                f"built there; plan with --loadable"
            )
        image, _ = program_image(args.load, Products(args.folder).network)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "program.bin"
            path.write_bytes(image)
            return _write_image(path, args.load, board, log, console)
    lines = []
    if program_bin.is_file() and board.flash:
        lines.append(_write_image(program_bin, program_bin, board, log, console))
    elif program_bin.is_file():
        note(console, f"the {board.title} is loaded over the line: threefold run --load")
    note(console, f"writing {bitstream} to the {board.title}")
    program(bitstream, board, flash=args.flash)
    return "\n".join([*lines, f"written    {bitstream}"])


def _write_image(image: Path, source: Path, board: Board, log: Path, console: Console) -> str:
    place = f"at {board.flash.offset:#x} of the flash" if board.flash else "into the flash"
    note(console, f"writing {source} to the {board.title}, {place}")
    write_program_image(image, board, log)
    return f"written    {source}, {place}"
