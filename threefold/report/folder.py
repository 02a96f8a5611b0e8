"""The report on what is in an output folder."""

from pathlib import Path

from ..files import read_json, write_file
from ..plan import Plan
from .data import dumps, make_report
from .page import render_page

__all__ = ["product_files", "report_folder"]


def report_folder(plan: Plan, folder: Path | str) -> dict:
    """Write ``report.json`` and ``report.html`` into a folder, and return the figures.

    What training, simulation and build measured is taken from ``train.json``,
    ``sim/simulation.json`` and ``gateware/build.json`` as far as they are there.

    Parameters
    ----------
    plan : Plan
        What the products were made from.
    folder : path

    Raises
    ------
    FileFormatError
        If a file is not what its name says.
    PlanError
        If a result is of another plan.
    BuildError
        If the report cannot be written.
    """
    folder = Path(folder)
    training = _optional(folder / "train.json") or {}
    report = make_report(
        plan,
        build=_optional(folder / "gateware" / "build.json"),
        simulation=_optional(folder / "sim" / "simulation.json"),
        accuracy=training.get("accuracy", plan.network.provenance.get("accuracy")),
        tools=training.get("tools", plan.network.provenance.get("tools")),
    )
    write_file(folder / "report.json", dumps(report))
    write_file(
        folder / "report.html", render_page(report, plan, product_files(report, plan, folder))
    )
    return report


def product_files(report: dict, plan: Plan, folder: Path | str) -> dict[str, str]:
    """Products that are in a folder, as paths relative to it."""
    candidates = {
        "bitstream": report.get("bitstream", ""),
        "Verilog": f"rtl/{plan.network.name}.v",
        "C header": f"firmware/{plan.network.name}.h",
        "network": "network.tern",
        "plan": "plan.json",
    }
    root = Path(folder).resolve()
    return {
        what: path
        for what, path in candidates.items()
        if (root / path).is_file() and (root / path).resolve().is_relative_to(root)
    }


def _optional(path: Path) -> dict | None:
    return read_json(path) if path.exists() else None
