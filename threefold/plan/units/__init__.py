"""Units: the kinds of hardware that layers are realized by, one module each."""

from collections.abc import Sequence

from ...errors import PlanError
from ..layers import Layer
from .add import AddUnit
from .argmax import ArgMaxUnit
from .concat import ConcatUnit
from .engine import EngineUnit
from .pad_channels import PadChannelsUnit
from .pool import PoolUnit
from .threshold import ThresholdUnit
from .unit import ActivationBuffer, Decisions, Unit

__all__ = [
    "KINDS",
    "ActivationBuffer",
    "AddUnit",
    "ArgMaxUnit",
    "ConcatUnit",
    "Decisions",
    "EngineUnit",
    "PadChannelsUnit",
    "PoolUnit",
    "ThresholdUnit",
    "Unit",
    "kind_for",
    "kind_named",
]

KINDS: dict[str, type[Unit]] = {
    kind.kind: kind
    for kind in (
        EngineUnit,
        PoolUnit,
        AddUnit,
        ConcatUnit,
        PadChannelsUnit,
        ThresholdUnit,
        ArgMaxUnit,
    )
}
"""Kinds of units by the word for them in plans; a further one may be added."""


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


def kind_for(layers: Sequence[Layer]) -> type[Unit]:
    """The kind that realizes these layers, the first of several.

    Raises
    ------
    PlanError
        If there is none.
    """
    for kind in KINDS.values():
        if kind.accepts(layers):
            return kind
    names = ", ".join(repr(layer.name) for layer in layers)
    raise PlanError(f"no unit realizes {names}; name its kind in threefold.plan.units.KINDS")
