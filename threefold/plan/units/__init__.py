"""Units: the kinds of hardware that layers are realized by, one module each."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pkgutil import iter_modules

from ...errors import PlanError
from ..layers import Layer
from .unit import ActivationBuffer, Decisions, Unit

__all__ = ["KINDS", "ActivationBuffer", "Decisions", "Unit", "kind_for", "kind_named", "kinds_for"]


def _find() -> Iterator[type[Unit]]:
    for info in iter_modules(__path__):
        module = import_module(f".{info.name}", __name__)
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Unit) and hasattr(value, "kind"):
                yield value


def _by_word() -> dict[str, type[Unit]]:
    kinds: dict[str, type[Unit]] = {}
    for kind in _find():
        if kind.kind in kinds:
            raise PlanError(f"two kinds of units are called {kind.kind!r}; rename one")
        kinds[kind.kind] = kind
    return kinds


KINDS = _by_word()
"""Kinds of units by the word for them in plans: all that the modules of this package hold. Others
may be added."""


def kind_named(word: str) -> type[Unit]:
    """The kind of that name.

    Raises
    ------
    PlanError
        If there is none.
    """
    if word not in KINDS:
        raise PlanError(f"no unit is of kind {word!r}; kinds are {', '.join(KINDS)}")
    return KINDS[word]


def kinds_for(layers: Sequence[Layer]) -> list[type[Unit]]:
    """The kinds that realize these layers, at least one.

    Raises
    ------
    PlanError
        If there is none.
    """
    if kinds := [kind for kind in KINDS.values() if kind.accepts(layers)]:
        return kinds
    names = ", ".join(repr(layer.name) for layer in layers)
    raise PlanError(f"no unit realizes {names}; give it a kind in threefold/plan/units")


def kind_for(layers: Sequence[Layer]) -> type[Unit]:
    """The first of :func:`kinds_for`."""
    return kinds_for(layers)[0]
