"""Driver in C: sources that a build leaves beside the generated header."""

from pathlib import Path

from threefold.files import write_file

__all__ = ["DRIVER", "write_driver"]

DRIVER = (
    "threefold.c",
    "threefold.h",
    "threefold_bus.c",
    "threefold_frames.c",
    "threefold_frames.h",
    "threefold_load.c",
    "threefold_private.h",
    "threefold_registers.h",
    "threefold_serial.c",
)
"""Names of the sources."""


def write_driver(folder: Path) -> None:
    """Write the sources into a folder.

    Raises
    ------
    BuildError
        If a file cannot be written.
    """
    for name in DRIVER:
        write_file(folder / name, Path(__file__).with_name(name).read_text())
