"""The report on what is in an output folder."""

from pathlib import Path

from ..boards import Board, get
from ..files import read_json, write_file
from ..hw.sdram.board import planned_mhz
from ..plan import Plan
from ..products import Products
from ..stale import stale_products
from .data import dumps, make_report
from .page import render_page

__all__ = ["product_files", "report_folder"]


def report_folder(plan: Plan, products: Products) -> dict:
    """Write report and page into a folder, and return the figures.

    What training, simulation and build measured is taken from their records as far as they are
    there. Records and files of another plan or network are left out, and named under ``stale``.

    Parameters
    ----------
    plan : Plan
        What the products are to be made from.
    products : Products

    Raises
    ------
    FileFormatError
        If a file is not what its name says.
    BuildError
        If the report cannot be written.
    """
    own = (products.report, products.page, products.manifest)
    stale = [path for path in stale_products(products, plan) if path not in own]
    training = _current(products.training, stale) or {}
    build = _current(products.build_record, stale)
    if build and not _is_product(build.get("bitstream"), products, stale):
        build.pop("bitstream", None)
    report = make_report(
        plan,
        clock_mhz=None if (build or {}).get("clock_mhz") else _clock_mhz(plan),
        build=build,
        simulation=_current(products.simulation_record, stale),
        accuracy=training.get("accuracy", plan.network.provenance.get("accuracy")),
        tools=training.get("tools", plan.network.provenance.get("tools")),
        stale=[str(path.relative_to(products.folder)) for path in stale],
    )
    write_file(products.report, dumps(report))
    write_file(products.page, render_page(report, plan, product_files(report, products)))
    return report


def _clock_mhz(plan: Plan) -> float | None:
    """Frequency that a plan is for.

    None for a board, where a build tells it, unless times of a memory depend on it.
    """
    target = get(plan.board) if plan.board else None
    if target is None or isinstance(target, Board):
        return planned_mhz(plan, target) if target else None
    return target.clock_mhz


def product_files(report: dict, products: Products) -> dict[str, str]:
    """Products of a report that are in a folder, as paths relative to it."""
    named = {
        "Verilog": products.rtl,
        "C header": products.header,
        "network": products.network,
        "plan": products.plan,
        "program image": products.program,
    }
    candidates = {"bitstream": report.get("bitstream", "")}
    candidates |= {what: str(path.relative_to(products.folder)) for what, path in named.items()}
    stale = [products.folder / path for path in report.get("stale", ())]
    return {what: path for what, path in candidates.items() if _is_product(path, products, stale)}


def _is_product(name: object, products: Products, stale: list[Path]) -> bool:
    """Whether a path relative to a folder is a file in it, and not stale."""
    if not isinstance(name, str) or products.folder / name in stale:
        return False
    root = products.folder.resolve()
    return (root / name).is_file() and (root / name).resolve().is_relative_to(root)


def _current(path: Path, stale: list[Path]) -> dict | None:
    """What a record holds; nothing if it is missing or stale."""
    content = read_json(path) if path.exists() else None
    return None if path in stale else content
