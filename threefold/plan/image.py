"""Program images: what is loaded into hardware whose contents come from outside.

| bytes | content |
|---|---|
| 4 | ``TFP1`` |
| 4 | fingerprint of the hardware |
| 4 | number of rows, the lowest byte first |
| rows | those of :class:`~threefold.plan.sequential.Program`, each with its lowest byte first; of \
a program that comes from a memory outside 16 bytes each |
| 4 | CRC-32 of all that is before, the lowest byte first |
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import accumulate

import numpy as np

from ..errors import PlanError
from ..network import INPUT, Integers, Network
from .layers import Layer, lower
from .netlist import joins
from .plan import Plan
from .units.sequential import SequentialUnit

__all__ = ["MAGIC", "covering", "fingerprint", "image_of", "parts_of", "reloaded"]

MAGIC = b"TFP1"


def image_of(plan: Plan, network: Network | None = None) -> bytes:
    """The program image of a network for the hardware of a plan.

    Parameters
    ----------
    plan : Plan
        With a loadable unit.
    network : Network, optional
        Another network than that of the plan.

    Raises
    ------
    PlanError
        If nothing of the plan is loadable, or the network does not suit the hardware.
    """
    loaded = plan if network is None else reloaded(plan, network)
    rows = _loadable(loaded).program.image_rows
    head = MAGIC + fingerprint(plan) + len(rows).to_bytes(4, "little")
    content = head + rows.tobytes()
    return content + zlib.crc32(content).to_bytes(4, "little")


def reloaded(plan: Plan, network: Network) -> Plan:
    """The plan of another network on the same hardware.

    Raises
    ------
    PlanError
        If nothing of the plan is loadable, a limit is exceeded, or networks differ outside what is
        loadable.
    """
    unit, parts = _loadable(plan), parts_of(plan, network)
    place = plan.units.index(unit)
    try:
        if not type(unit).accepts(parts[place]):
            raise PlanError("its layers are none that the loadable unit takes in turn")
        made = _with_layers(plan, network, parts)
        _require_same(plan, made)
    except PlanError as error:
        raise PlanError(f"{network.name!r} cannot be loaded: {error}") from None
    return made


def covering(plan: Plan, networks: Sequence[Network], *, store: str | None = None) -> Plan:
    """The same plan with room for other networks as well.

    Parameters
    ----------
    plan : Plan
        With a loadable unit.
    networks : sequence of Network
    store : str, optional
        Where the program is, one of :data:`~threefold.plan.units.sequential.STORES`; as before if
        left out.

    Raises
    ------
    PlanError
        If nothing of the plan is loadable, or networks differ outside what is loadable.
    """
    unit = _loadable(plan)
    place = plan.units.index(unit)
    others = []
    for network in networks:
        layers = parts_of(plan, network)[place]
        if not type(unit).accepts(layers):
            raise PlanError(
                f"{network.name!r} cannot be loaded: its layers are none that the loadable unit "
                f"takes in turn"
            )
        others.append(layers)
    units = list(plan.units)
    units[place] = unit.made_loadable(*others, store=store)
    made = replace(plan, units=tuple(units))
    for network in networks:
        reloaded(made, network)  # raises if it cannot be
    return made


def parts_of(plan: Plan, network: Network) -> list[tuple[Layer, ...]]:
    """The layers of a network that each unit of a plan would realize.

    Those that are loadable may be more or fewer than in the network of the plan. Logits that leave
    them are as wide as those of the plan, if they are narrower by themselves.

    Raises
    ------
    PlanError
        If nothing of the plan is loadable.
    """
    unit, layers = _loadable(plan), lower(network)
    counts = [len(each.layers) for each in plan.units]
    place = plan.units.index(unit)
    counts[place] = max(0, len(layers) - sum(counts) + counts[place])
    ends = list(accumulate(counts))
    if 0 < ends[place] <= len(layers):
        layers = _with_logits_of(unit, layers, ends[place] - 1)
    return [layers[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _with_logits_of(unit: SequentialUnit, layers: Sequence[Layer], last: int) -> tuple[Layer, ...]:
    """Layers whose logits, which the layer ``last`` gives, are as wide as those of a unit."""
    wide, own = unit.out_tensor, layers[last].output
    if not (isinstance(wide.element, Integers) and isinstance(own.element, Integers)):
        return tuple(layers)
    if own.shape != wide.shape or own.element.bits >= wide.element.bits:
        return tuple(layers)
    stream = layers[last].stream
    made = []
    for place, layer in enumerate(layers):
        if place == last:
            layer = replace(layer, output=wide)
        elif stream in layer.sources:
            given = zip(layer.sources, layer.inputs, strict=True)
            layer = replace(layer, inputs=tuple(wide if s == stream else t for s, t in given))
        made.append(layer)
    return tuple(made)


def fingerprint(plan: Plan) -> bytes:
    """Four bytes that tell hardware for which a program image is made from others.

    Raises
    ------
    PlanError
        If nothing of the plan is loadable.
    """
    units = [
        {"kind": each.kind, "decisions": each.decisions(), "loadable": each.loadable}
        for each in plan.units
    ]
    content = [units, list(plan.buffers.values()), _streams(plan), list(_outer(plan).values())]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()[:4]


def _loadable(plan: Plan) -> SequentialUnit:
    for unit in plan.units:
        if isinstance(unit, SequentialUnit) and (unit.loadable or unit.streamed):
            return unit
    raise PlanError(
        f"nothing of the plan of {plan.network.name!r} is loadable; plan with --loadable"
    )


def _with_layers(plan: Plan, network: Network, parts: Sequence[tuple[Layer, ...]]) -> Plan:
    """A plan of the same units for other layers."""
    units = tuple(
        type(each).from_decisions(layers, each.decisions())
        for each, layers in zip(plan.units, parts, strict=True)
    )
    names = joins(units)
    if len(names) != len(plan.buffers):
        raise PlanError("other branches join outside the loadable unit")
    buffers = dict(zip(names, plan.buffers.values(), strict=True))
    return Plan(network, units, buffers, plan.board)


def _require_same(plan: Plan, made: Plan) -> None:
    """Raise if plans differ in layers outside the loadable unit, or in its streams."""
    for one, other in zip(_streams(plan), _streams(made), strict=True):
        if one != other:
            raise PlanError(f"{other}, and in the hardware {one}")
    for (name, one), other in zip(_outer(plan).items(), _outer(made).values(), strict=True):
        if one != other:
            raise PlanError(
                f"{name!r} is not among the loadable layers, and is another one than in the "
                f"hardware"
            )


def _streams(plan: Plan) -> list[str]:
    """What enters and leaves the loadable unit, in words."""
    unit = _loadable(plan)
    ends = [
        (unit.in_tensors[0], unit.inputs[0], "enter"),
        (unit.out_tensor, unit.outputs[0], "leave"),
    ]
    return [
        f"maps of {'×'.join(map(str, tensor.shape))} {verb} it, {stream.lanes} at once with "
        f"{stream.element}"
        for tensor, stream, verb in ends
    ]


def _outer(plan: Plan) -> dict[str, list]:
    """Layers that are not loadable as JSON values, by name; these do not depend on names."""
    unit = _loadable(plan)
    layers = [layer for each in plan.units if each is not unit for layer in each.layers]
    places = {INPUT: -1, unit.stream: -2}
    places |= {layer.stream: place for place, layer in enumerate(layers)}
    return {
        layer.name: [[places[source] for source in layer.sources], _told(layer)] for layer in layers
    }


def _told(value: object) -> object:
    """A layer, or part of one, as JSON values, without names."""
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(value.astype(np.int64).tobytes()).hexdigest()
        return [list(value.shape), content]
    if isinstance(value, tuple | list):
        return [_told(each) for each in value]
    if isinstance(value, Integers):
        return value.bits  # which values there are depends on what is loaded
    if is_dataclass(value):
        named = ("name", "stream", "sources")
        parts = (each.name for each in fields(value) if each.name not in named)
        return [type(value).__name__, *(_told(getattr(value, part)) for part in parts)]
    return repr(value)
