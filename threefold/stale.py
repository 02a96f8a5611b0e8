"""Stale products: files in a project folder that were made from another plan or network.

Each product says what it was made from: ``network_digest`` in ``train.json`` and ``plan.json``,
``plan_digest`` in records, reports and the manifest, :func:`threefold.plan.file.mark` in texts. A
product that does not say so counts as stale. Images and files of other names belong to the user and
never do.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from .errors import FileFormatError
from .files import read_json, sha256
from .network.file import digest as network_digest
from .plan import Plan, image_of
from .plan.file import digest as plan_digest
from .plan.file import dumps
from .products import Products

__all__ = ["stale_products"]

_MARK = re.compile(rb"Plan SHA-256: ([0-9a-f]{64})\b")
_HEAD = 1 << 10  # bytes in which a mark is


def stale_products(products: Products, plan: Plan) -> list[Path]:
    """Products that are there, but were not made from a plan, its network or a build of it.

    A damaged file is stale, too. A bitstream is that of its record, byte by byte, and a report
    that names one that is gone is stale.

    Parameters
    ----------
    products : Products
    plan : Plan
        What they should have been made from.
    """
    there = set(products.files())
    return sorted(path for path in _stale(products, plan) if path in there)


def _stale(products: Products, plan: Plan) -> Iterator[Path]:
    if not products.holds_network(plan.network):
        yield products.network
    if _value(products.training, "network_digest") != network_digest(plan.network):
        yield products.training
    if _content(products.plan) != json.loads(dumps(plan)):
        yield products.plan
    if not (plan.loadable or plan.streamed) or _bytes(products.program) != image_of(plan):
        yield products.program
    own = plan_digest(plan)
    texts = [path for core in products.cores for path in core.texts]
    yield from (path for path in (*texts, products.header) if _marked(path) != own)
    data = [path for core in products.cores for path in core.data]
    for path in (*data, products.simulation_record):
        if _value(path, "plan_digest") != own:
            yield path
    yield from _stale_build(products, own)
    yield from _stale_report(products, own)


def _stale_build(products: Products, own: str) -> Iterator[Path]:
    record = _content(products.build_record)
    if record.get("plan_digest") != own:
        yield from products.gateware.glob("*")
        return
    name, digests = record.get("bitstream"), record.get("sha256")
    if isinstance(name, str):
        path = products.folder / name
        known = digests.get(name) if isinstance(digests, dict) else None
        if path.is_file() and sha256(path) != known:
            yield path


def _stale_report(products: Products, own: str) -> Iterator[Path]:
    report = _content(products.report)
    bitstream = report.get("bitstream", "")
    gone = bitstream and not (products.folder / str(bitstream)).is_file()
    if gone or report.get("plan_digest") != own:
        yield products.report
    if gone or _marked(products.page) != own:
        yield products.page


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _value(path: Path, key: str) -> object:
    return _content(path).get(key)


def _content(path: Path) -> dict:
    """The object in a JSON file; empty if there is none."""
    try:
        return read_json(path)
    except FileFormatError:
        return {}


def _marked(path: Path) -> str | None:
    """Digest of the plan that a text was made from."""
    try:
        with path.open("rb") as file:
            found = _MARK.search(file.read(_HEAD))
    except OSError:
        return None
    return found and found[1].decode()
