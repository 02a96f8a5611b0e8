"""The report on what is in an output folder."""

from pathlib import Path

from ..files import read_json, write_file
from ..plan import Plan
from ..products import Products
from .data import dumps, make_report
from .page import render_page

__all__ = ["product_files", "report_folder"]


def report_folder(plan: Plan, products: Products) -> dict:
    """Write report and page into a folder, and return the figures.

    What training, simulation and build measured is taken from their records as far as they are
    there.

    Parameters
    ----------
    plan : Plan
        What the products were made from.
    products : Products

    Raises
    ------
    FileFormatError
        If a file is not what its name says.
    PlanError
        If a result is of another plan.
    BuildError
        If the report cannot be written.
    """
    training = _optional(products.training) or {}
    report = make_report(
        plan,
        build=_optional(products.build_record),
        simulation=_optional(products.simulation_record),
        accuracy=training.get("accuracy", plan.network.provenance.get("accuracy")),
        tools=training.get("tools", plan.network.provenance.get("tools")),
    )
    write_file(products.report, dumps(report))
    write_file(products.page, render_page(report, plan, product_files(report, products)))
    return report


def product_files(report: dict, products: Products) -> dict[str, str]:
    """Products that are in a folder, as paths relative to it."""
    named = {
        "Verilog": products.rtl,
        "C header": products.header,
        "network": products.network,
        "plan": products.plan,
    }
    candidates = {"bitstream": report.get("bitstream", "")}
    candidates |= {what: str(path.relative_to(products.folder)) for what, path in named.items()}
    root = products.folder.resolve()
    return {
        what: path
        for what, path in candidates.items()
        if (root / path).is_file() and (root / path).resolve().is_relative_to(root)
    }


def _optional(path: Path) -> dict | None:
    return read_json(path) if path.exists() else None
