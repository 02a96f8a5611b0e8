"""Table of the products in the folder of a project, for notebooks."""

from collections.abc import Collection
from pathlib import Path

from .fpga import FAMILIES
from .html import html_table
from .products import Products

__all__ = ["products_table"]


def products_table(caption: str, products: Products, stale: Collection[Path]) -> str:
    """Products and their sizes as HTML; intermediate files of the tools are one row.

    Parameters
    ----------
    caption : str
    products : Products
    stale : collection of Path
        Those that are not of the plan at hand; each has a note.
    """
    bitstreams = {family.flow.bitstream for family in FAMILIES.values()}
    rows, rest = [], []
    for path in products.files():
        size = path.stat().st_size
        wanted = path in (products.build_record, *stale) or path.suffix in bitstreams
        if path.parent == products.gateware and not wanted:
            rest.append(size)
            continue
        note = "stale: not of this plan" if path in stale else None
        rows.append([str(path.relative_to(products.folder)), size, note])
    if rest:
        rows.append([f"{len(rest)} more of the tools in gateware", sum(rest), None])
    return html_table(caption, ("product", "bytes", ""), rows)
