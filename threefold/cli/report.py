"""``threefold report``: what was built and measured, as a page, as JSON and as a table."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import FileFormatError
from ..products import Products

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
    """Write report and page into the folder, and return the key figures.

    Network and plan must be there. What ``train``, ``simulate`` and ``build`` measured is taken
    from their records as far as they are, and what is stale is named.

    Raises
    ------
    FileFormatError
        If a file is missing or not what its name says.
    PlanError
        If the plan is of another network.
    BuildError
        If the report cannot be written.
    """
    # Here, so that `threefold --help` does not wait for Matplotlib.
    from ..project import Project
    from ..report import key_figures, product_files

    _require_planned(Products(args.folder))
    project = Project.open(args.folder)
    report = project.report()
    files = product_files(report, project.products)
    return _table(project.products, key_figures(report), files, report.get("stale", []))


def _require_planned(products: Products) -> None:
    """Refuse a folder without network or plan, and say which command puts them there."""
    for path, network in ((products.network, "NETWORK"), (products.plan, products.network)):
        if not path.exists():
            raise FileFormatError(
                f"there is no {path}; plan first, with threefold plan {network} -o "
                f"{products.folder}"
            )


def _table(products: Products, figures: list, files: dict[str, str], stale: list[str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for figure in figures:
        table.add_row(figure.label, Text(figure.value, _TONES[figure.tone]), figure.note)
    paths = {"Page": products.page}
    if "bitstream" in files:
        paths = {"Bitstream": products.folder / files["bitstream"]} | paths
    for what, path in paths.items():
        table.add_row(what, "", Text(str(path), style="not dim"))
    if stale:
        table.add_row("Stale", "", Text(f"of another plan, left out: {', '.join(stale)}"))
    return table
