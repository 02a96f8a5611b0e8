"""Folding: plans whose arrays are given, and changes to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ...errors import PlanError
from ...network import Network
from ...progress import Progress, no_progress
from ..alignment import align
from ..layers import Layer, lower
from ..plan import Plan
from ..schedule import Folding
from ..units import Unit, kind_for
from ..units.sequential import SequentialUnit
from .arrange import Fixed, arrange, check_fixed, fixed_decisions, kinds_to_try
from .fifos import any_depths, fifo_depths
from .runs import Run, runs_of

__all__ = ["aligned", "fold", "plan_of", "refold"]


def plan_of(
    network: Network,
    units: tuple[Unit, ...],
    progress: Progress = no_progress,
    accepts: Callable[[Mapping[str, int]], bool] = any_depths,
    widths: Sequence[str] = (),
) -> Plan:
    """The plan of some units, with FIFOs before joins as small as slow nothing down.

    Parameters are those of :func:`~threefold.plan.search.fifos.fifo_depths`, and the narrower
    widths of the network that the layers of the units were lowered with.
    """
    depths = fifo_depths(units, progress, accepts)
    return Plan(network, units, depths, widths=tuple(widths))


def fold(
    network: Network,
    foldings: Mapping[str, Folding | str],
    *,
    sequential: Mapping[str, Folding | None] | None = None,
    loadable: bool = False,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    widths: Sequence[str] = (),
    progress: Progress = no_progress,
) -> Plan:
    """A plan with the given folding of each layer; all else follows from it.

    Lanes of outputs, forms of requantizers and units without weights are the cheapest that keep up
    with the slowest array; FIFOs before joins are as small as slow nothing down.

    Parameters
    ----------
    network : Network
    foldings : mapping of str to Folding or str
        By name of the layer; ``"unrolled"`` for adders of its own for every weight, ``"serial"``
        for such adders of a digit, ``"stationary"`` for an accumulator for every row.
    sequential : mapping of str to Folding
        Layers that one array takes in turn, by ``"first..last"``, and the folding of the array,
        for instance ``{"conv1..act28": Folding(16, 16, 4)}``. Memories and forms of the array go by
        the name of its first layer.
    loadable : bool
        Whether contents of the array of layers in turn come from outside; see
        :func:`~threefold.plan.image_of`.
    memories : mapping of str to str
        Memory of the activation buffer of each layer and pool by name, one of
        :data:`~threefold.fpga.MEMORIES`; ``"auto"`` where left out.
    forms : mapping of str to str
        Forms of requantizers, each one of :data:`~threefold.plan.requantize.FORMS`, by name of the
        layer or of the threshold; the cheapest that keeps up where left out.
    widths : sequence of str
        Narrower widths of the network that the hardware computes as well, image by image.
    progress : callable
        Called with ``"FIFOs"`` and the share of those before joins that is decided.

    Raises
    ------
    PlanError
        If a layer has no folding, a folding no layer, or one does not divide, layers in turn are
        none that an array takes, or memories or forms are for no unit that has such, or not one of
        those there are.
    """
    fixed = fixed_decisions(foldings, memories, forms)
    layers = lower(network, widths)
    runs = runs_of(layers, sequential, fixed, loadable=loadable)
    check_fixed(layers, fixed, runs)
    return plan_of(network, _units(layers, fixed, runs=runs), progress, widths=widths)


def _units(
    layers: Sequence[Layer], fixed: Fixed, fused: Sequence[Unit] = (), runs: Sequence[Run] = ()
) -> tuple[Unit, ...]:
    """The units of layers, those without a folding or of several layers as they are given."""
    by_name = {layer.name: layer for layer in layers}
    chosen: dict[str, Unit] = {}
    for unit in fused:
        own = tuple(by_name[layer.name] for layer in unit.layers)
        chosen[unit.name] = unit.changed(own, fixed.get(unit.name, {}))
    for run in runs:
        if "pe" not in run.decided:
            raise PlanError(f"the layers in turn {run} have no folding; give PE and SIMD for them")
        chosen[run.name] = next(SequentialUnit.candidates(run.layers, run.decided))
    realized = {layer.name for unit in chosen.values() for layer in unit.layers}
    for layer in layers:
        kind = kind_for((layer,))
        if kind.paced or layer.name in realized:
            continue
        decided = fixed.get(layer.name, {})
        if not decided.keys() & {"pe", "kind"}:
            raise PlanError(f"layer {layer.name!r} has no folding; give PE and SIMD for it")
        (kind,) = kinds_to_try(layer, decided)
        (chosen[layer.name],) = kind.candidates((layer,), decided)
    return arrange(layers, chosen, fixed)


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
    return _refolded(plan.network, plan, memories, forms, progress)


def _refolded(
    network: Network,
    plan: Plan,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> Plan:
    """A plan of ``network``, which has the layers of that of ``plan``, as that was decided."""
    folded = plan.foldings()
    fused = [
        unit
        for unit in plan.units
        if len(unit.layers) > 1 or not (unit.paced or unit.name in folded)
    ]
    inside = {layer.name: unit.name for unit in fused for layer in unit.layers}
    for name in (*(memories or {}), *(forms or {})):
        if inside.get(name, name) != name:
            raise PlanError(
                f"{name!r} is among layers in turn, whose memory and requantizer are those of "
                f"{inside[name]!r}"
            )
    fixed = fixed_decisions(
        folded,
        plan.memories() | dict(memories or {}),
        plan.forms() | dict(forms or {}),
    )
    others = {name: decisions for name, decisions in fixed.items() if name not in inside}
    layers = lower(network, plan.widths)
    check_fixed(layers, others, fused)
    fixed = others | {unit.name: unit.decisions() | fixed.get(unit.name, {}) for unit in fused}
    units = _units(layers, fixed, fused)
    return replace(plan_of(network, units, progress, widths=plan.widths), board=plan.board)


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
    return _refolded(network, plan, progress=progress) if moved else plan
