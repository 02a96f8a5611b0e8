"""Manifest: versions, and digests of a plan and of all that was made from it."""

import platform
import reprlib
from pathlib import Path

from . import __version__
from .errors import FileFormatError
from .files import read_json, sha256, write_json
from .plan import Plan
from .plan.file import digest
from .products import Products
from .stale import stale_products

__all__ = ["write_manifest"]


def write_manifest(products: Products, plan: Plan) -> Path:
    """Write ``manifest.json`` into a folder of products; its path.

    Products are all files but logs, times and the simulator's build, so that the same products
    give the same manifest. What was made from another plan or network is left out.

    Parameters
    ----------
    products : Products
    plan : Plan
        What they are to be made from.

    Raises
    ------
    FileFormatError
        If the record of the build is damaged.
    BuildError
        If the manifest cannot be written.
    """
    stale = stale_products(products, plan)
    digests = {
        str(path.relative_to(products.folder)): sha256(path)
        for path in products.files()
        if path not in stale
    }
    content = {
        "schema": 1,
        "plan_digest": digest(plan),
        "versions": {"threefold": __version__, "python": platform.python_version()},
        "sha256": digests,
    }
    made = read_json(products.build_record) if products.build_record.exists() else {}
    if made and products.build_record not in stale:
        content["seed"] = made.get("seed")
        content["versions"] |= _tools(products.build_record, made.get("tools", {}))
    write_json(products.manifest, content)
    return products.manifest


def _tools(path: Path, versions: object) -> dict[str, str]:
    if not isinstance(versions, dict):
        raise FileFormatError(f"'tools' of {path} must be an object, not {reprlib.repr(versions)}")
    for tool, version in versions.items():
        if not isinstance(version, str):
            raise FileFormatError(
                f"version of {tool!r:.40} in {path} must be text, not {reprlib.repr(version)}"
            )
    return versions
