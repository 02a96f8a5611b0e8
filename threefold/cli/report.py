"""``threefold report``: what was built and measured, as a page, as JSON and as a table."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "collect what was built and measured in a page, a JSON file and a table"
EXAMPLES = ["threefold report out/digits"]

_TONES = {"good": "green", "bad": "red", "": ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the products are."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="products of the other commands: out/NAME"
    )


def run(args: argparse.Namespace, console: Console) -> Table:
    """Write ``report.json`` and ``report.html`` into the folder, and return the key figures.

    ``network.tern`` and ``plan.json`` must be there. What ``train``, ``simulate`` and ``build``
    measured is taken from ``train.json``, ``sim/simulation.json`` and ``gateware/build.json``
    as far as they are.

    Raises
    ------
    FileFormatError
        If a file is missing or not what its name says.
    PlanError
        If the plan is of another network, or a result of another plan.
    BuildError
        If the report cannot be written.
    """
    # Here, so that `threefold --help` does not wait for Matplotlib.
    from ..project import Project
    from ..report import key_figures, product_files

    project = Project.open(args.folder)
    report = project.report()
    files = product_files(report, project.plan, project.folder)
    return _table(project.folder, key_figures(report), files)


def _table(folder: Path, figures: list, files: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for figure in figures:
        table.add_row(figure.label, Text(figure.value, _TONES[figure.tone]), figure.note)
    paths = {"Bitstream": files["bitstream"]} if "bitstream" in files else {}
    for what, path in (paths | {"Page": "report.html"}).items():
        table.add_row(what, "", Text(str(folder / path), style="not dim"))
    return table
