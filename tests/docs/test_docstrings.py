import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("threefold", "boards", "firmware", "hw", "quant", "sim")


def modules():
    """Modules whose docstrings have examples."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ">>> " in path.read_text():
                parts = path.relative_to(ROOT).with_suffix("").parts
                yield ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("module", list(modules()))
def test_examples(module):
    if module == "threefold.importer.brevitas":
        pytest.importorskip("brevitas")
    name = f"threefold.{module.removeprefix('threefold.')}"
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed
