"""Manifest: versions, and digests of a plan and of all that was made from it."""

import hashlib
import json
import platform
from pathlib import Path

from . import __version__
from .files import read_json, write_file
from .plan import Plan
from .plan.file import digest
from .products import Products

__all__ = ["write_manifest"]


def write_manifest(products: Products, plan: Plan) -> Path:
    """Write ``manifest.json`` into a folder of products; its path.

    Products are all files but logs and the simulator's build.

    Parameters
    ----------
    products : Products
    plan : Plan
        What they were made from.

    Raises
    ------
    FileFormatError
        If the record of the build is damaged.
    BuildError
        If the manifest cannot be written.
    """
    digests = {
        str(path.relative_to(products.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in products.files()
    }
    content = {
        "schema": 1,
        "plan_digest": digest(plan),
        "versions": {"threefold": __version__, "python": platform.python_version()},
        "sha256": digests,
    }
    if products.build_record.exists():
        made = read_json(products.build_record)
        content["seed"] = made.get("seed")
        content["versions"] |= made.get("tools", {})
    write_file(products.manifest, json.dumps(content, indent=1, sort_keys=True) + "\n")
    return products.manifest
