"""Folding: plans whose arrays are given, and changes to them."""

from collections.abc import Mapping
from dataclasses import replace

from ...errors import PlanError
from ...network import Network
from ...progress import Progress, no_progress
from ..alignment import align
from ..layers import lower
from ..plan import Plan
from ..schedule import Folding
from ..units import Unit, kind_for
from .arrange import arrange, check_fixed, fixed_decisions
from .fifos import fifo_depths

__all__ = ["aligned", "fold", "plan_of", "refold"]


def plan_of(network: Network, units: tuple[Unit, ...], progress: Progress = no_progress) -> Plan:
    """The plan of some units, with FIFOs before joins as small as slow nothing down."""
    return Plan(network, units, fifo_depths(units, progress))


def fold(
    network: Network,
    foldings: Mapping[str, Folding],
    *,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> Plan:
    """A plan with the given folding of each layer; all else follows from it.

    Lanes of outputs, and of units without weights, are as few as keep up with the slowest
    array; FIFOs before joins are as small as slow nothing down.

    Parameters
    ----------
    network : Network
    foldings : mapping of str to Folding
        By name of the layer.
    memories : mapping of str to str
        Memory of the activation buffer of each layer and pool by name, one of
        :data:`~threefold.fpga.MEMORIES`; ``"auto"`` where left out.
    forms : mapping of str to str
        Forms of requantizers, each one of :data:`~threefold.plan.requantize.FORMS`, by name of the
        layer or of the threshold; the cheapest that keeps up where left out.
    progress : callable
        Called with ``"FIFOs"`` and the share of those before joins that is decided.

    Raises
    ------
    PlanError
        If a layer has no folding, a folding no layer, or one does not divide, or memories or
        forms are for no unit that has such, or not one of those there are.
    """
    layers = lower(network)
    fixed = fixed_decisions(foldings, memories, forms)
    check_fixed(layers, fixed)
    chosen = {}
    for layer in layers:
        kind = kind_for((layer,))
        if kind.paced:
            continue
        if layer.name not in foldings:
            raise PlanError(f"layer {layer.name!r} has no folding; give PE and SIMD for it")
        (chosen[layer.name],) = kind.candidates((layer,), fixed[layer.name])
    return plan_of(network, arrange(layers, chosen, fixed), progress)


def refold(
    plan: Plan,
    *,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> Plan:
    """The same foldings with other memories or requantizers; the rest follows as in `fold`.

    Parameters are those of :func:`fold`; what they leave out stays as it is.
    """
    made = fold(
        plan.network,
        plan.foldings(),
        memories=plan.memories() | dict(memories or {}),
        forms=plan.forms() | dict(forms or {}),
        progress=progress,
    )
    return replace(made, board=plan.board)


def aligned(plan: Plan, progress: Progress = no_progress) -> Plan:
    """The same foldings and choices, for filters in an order that leaves fewer tiles.

    The network of the result computes the same, see :func:`~threefold.plan.align`; it is this very
    plan if no order saves a tile.

    Raises
    ------
    PlanError
        If nothing has weights.
    """
    if not plan.schedules:
        raise PlanError(f"{plan.network.name!r} has no weights, so no tiles to align")
    network, moved = align(plan.network, plan.foldings())
    return refold(replace(plan, network=network), progress=progress) if moved else plan
