"""``threefold data``: data sets, and where their files come from."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..errors import DataError, ToolError
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "list data sets, or download the files of one"
EXAMPLES = ["threefold data"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the data set to download")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where to write (out/data/NAME)"
    )


def run(args: argparse.Namespace, console: Console) -> Table | str:
    """The table of data sets; or the folder that the files of one were written to.

    Raises
    ------
    ToolError
        If PyTorch is missing.
    DataError
        If there is nothing to download, no network, or files are not what was published.
    BuildError
        If the folder cannot be written.
    """
    try:
        from ..quant import data
    except ImportError:
        raise ToolError("data sets need torch: pip install 'threefold[train]'") from None
    if args.name is None:
        if args.output is not None:
            raise DataError("-o needs the name of a data set; without any, all are listed")
        return _list(data.DATASETS, data.SOURCES)
    folder = args.output or Path("out", "data", args.name)
    with progress_of(console) as progress:
        paths = data.download(args.name, folder, progress)
    files = f"{len(paths)} file{'s' * (len(paths) > 1)}"
    return f"{files} in {folder}, to train with by --data-dir {folder}"


def _list(names, sources) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("name", "files", "licence"):
        table.add_column(column, overflow="fold")
    for name in sorted(names):
        source = sources.get(name)
        if source is None:
            table.add_row(name, "come with scikit-learn", "CC BY 4.0")
        else:
            files = f"threefold data {name}" if source.remotes else ", ".join(source.files[0])
            table.add_row(name, files, source.licence)
    return table
