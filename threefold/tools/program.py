"""Programming: a bitstream and a program image onto a board, by openFPGALoader."""

from pathlib import Path

from ..boards import BOARDS, Board
from ..errors import BuildError, FileFormatError, PlanError
from ..files import read_json
from ..products import Products
from .toolchain import run

__all__ = ["built_for", "program", "write_program_image"]


def built_for(folder: Path | str) -> tuple[Path, Board]:
    """The bitstream that was built into a folder, and its board.

    Raises
    ------
    FileFormatError
        If none was built there, or its record is damaged.
    PlanError
        If there is no such board any more.
    """
    products = Products(folder)
    if not products.build_record.is_file():
        raise FileFormatError(f"{folder} holds no bitstream; run threefold build first")
    record = read_json(products.build_record)
    path, name = record.get("bitstream"), record.get("board")
    if not isinstance(path, str) or not (products.folder / path).is_file():
        raise FileFormatError(f"{folder} has lost its bitstream; run threefold build again")
    if name not in BOARDS:
        raise PlanError(f"there is no board {name!r:.60} any more; build for another one")
    return products.folder / path, BOARDS[name]


def program(bitstream: Path, board: Board, *, flash: bool = False) -> None:
    """Write a bitstream to a board that is plugged in.

    Parameters
    ----------
    bitstream : Path
    board : Board
    flash : bool
        Write it to the flash, from which the board starts; else, where the board can do so, to the
        FPGA alone, until the power goes.

    Raises
    ------
    PlanError
        If openFPGALoader knows no such board.
    ToolError
        If openFPGALoader is missing.
    BuildError
        If it fails, such as when no board is there.
    """
    if not board.loader:
        raise PlanError(
            f"openFPGALoader knows no {board.title}; write {bitstream} with its own programmer"
        )
    _load(board, ["-f"] if flash else [], bitstream, bitstream.parent / "program.log")


def write_program_image(path: Path, board: Board, log: Path) -> None:
    """Write a program image into the flash of a board that is plugged in, behind the bitstream.

    Parameters
    ----------
    path : Path
        The program image, ``*.bin``.
    board : Board
    log : Path
        What openFPGALoader says.

    Raises
    ------
    PlanError
        If the board has no flash for it, or openFPGALoader knows no such board.
    ToolError
        If openFPGALoader is missing.
    BuildError
        If it fails, such as when no board is there.
    """
    if not board.flash:
        raise PlanError(
            f"the {board.title} reads no program image from a flash; load it over the line, "
            f"threefold run --load"
        )
    if not board.loader:
        raise PlanError(
            f"openFPGALoader knows no {board.title}; write the program image with its own "
            f"programmer at {board.flash.offset:#x} of the flash"
        )
    _load(board, ["-f", "-o", f"{board.flash.offset:#x}"], path, log)


def _load(board: Board, options: list[str], path: Path, log: Path) -> None:
    arguments = ["-b", board.loader, *options, path.name]
    try:
        run("openFPGALoader", arguments, cwd=path.parent, log=log)
    except BuildError as error:
        if "error while loading shared libraries" in str(error):
            raise BuildError(
                f"{board.title} was not written: {error}; install that library, such as by apt "
                f"install libftdi1-2 libhidapi-hidraw0"
            ) from None
        raise BuildError(
            f"{board.title} was not written: {error}; is it plugged in, and may you use USB?"
        ) from None
