import ast
import importlib
import inspect
from pathlib import Path

import pytest

import threefold

SOURCE = Path(threefold.__file__)


def test_dir_is_what_is_exported():
    assert dir(threefold) == sorted([*threefold.__all__, "__version__"])
    assert threefold.__all__ == sorted(threefold.__all__)


def test_exported_members():
    """What type checkers see is what is exported, and the same objects."""
    (checked,) = [node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If)]
    seen = {}
    for node in checked.body:
        module = importlib.import_module("." * node.level + (node.module or ""), "threefold")
        for name in node.names:
            member = getattr(module, name.name, None)
            seen[name.name] = member or importlib.import_module(f"threefold.{name.name}")
    assert sorted(seen) == threefold.__all__
    assert all(getattr(threefold, name) is member for name, member in seen.items())


@pytest.mark.parametrize("name", threefold.__all__)
def test_members_have_a_docstring(name):
    assert inspect.getdoc(getattr(threefold, name))


def test_what_is_not_there():
    with pytest.raises(AttributeError, match=r"^module 'threefold' has no attribute 'nothing'$"):
        threefold.nothing  # noqa: B018
