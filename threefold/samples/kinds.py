"""Kinds of formats: all that the modules of this package hold."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from ..errors import DataError
from .format import Format

__all__ = ["KINDS", "kind_for"]


def _find() -> Iterator[type[Format]]:
    folder = str(Path(__file__).parent)
    for info in iter_modules([folder]):
        if info.name in ("kinds", "preparation", "learn", "words"):  # which need the kinds
            continue
        module = import_module(f".{info.name}", __package__)
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Format) and hasattr(value, "kind"):
                yield value


KINDS = {each.kind: each for each in _find()}
"""Kinds of formats by the word for them in the provenance of networks. Others may be added."""


def kind_for(path: Path) -> type[Format]:
    """The kind of format of a file or folder that exists.

    Raises
    ------
    DataError
        If there is none.
    """
    for kind in KINDS.values():
        if kind.accepts(path):
            return kind
    raise DataError(
        f"{path} is no data to train with; give a table such as rows.csv, a folder with a folder "
        f"of images for each class, or arrays in an .npz file"
    )
