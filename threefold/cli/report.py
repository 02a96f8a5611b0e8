"""``threefold report``: what was built and measured, as a page, as JSON and as a table."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import network
from ..files import read_json, write_file
from ..plan import Plan, load_plan

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
    from ..report import dumps, key_figures, make_report, render_page

    folder = args.folder
    plan = load_plan(network.load(folder / "network.tern"), folder / "plan.json")
    training = _optional(folder / "train.json") or {}
    report = make_report(
        plan,
        build=_optional(folder / "gateware" / "build.json"),
        simulation=_optional(folder / "sim" / "simulation.json"),
        accuracy=training.get("accuracy", plan.network.provenance.get("accuracy")),
        tools=training.get("tools", plan.network.provenance.get("tools")),
    )
    files = _files(folder, plan, report)
    write_file(folder / "report.json", dumps(report))
    write_file(folder / "report.html", render_page(report, plan, files))
    return _table(folder, key_figures(report), files)


def _optional(path: Path) -> dict | None:
    return read_json(path) if path.exists() else None


def _files(folder: Path, plan: Plan, report: dict) -> dict[str, str]:
    """Products that are there, as paths relative to the folder."""
    candidates = {
        "bitstream": report.get("bitstream", ""),
        "Verilog": f"rtl/{plan.network.name}.v",
        "C header": f"firmware/{plan.network.name}.h",
        "network": "network.tern",
        "plan": "plan.json",
        "manifest": "manifest.json",
    }
    root = folder.resolve()
    return {
        what: path
        for what, path in candidates.items()
        if (root / path).is_file() and (root / path).resolve().is_relative_to(root)
    }


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
