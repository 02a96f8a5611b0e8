"""A plan: how each layer of a network is folded, and what speed that gives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import gcd

from ..errors import PlanError
from ..network import Network
from .cycles import Cycles, predict
from .engine import EnginePlan
from .layer import Layer, lower
from .schedule import Folding

__all__ = ["Plan", "fold", "with_lanes"]


@dataclass(frozen=True, eq=False)
class Plan:
    """An accelerator as decided.

    Parameters
    ----------
    network : Network
    engines : tuple of EnginePlan
    argmax : bool
        Whether it ends in a class index.
    board : str
        Name of the board it is for; empty if for none in particular.
    """

    network: Network
    engines: tuple[EnginePlan, ...]
    argmax: bool
    board: str = ""

    @cached_property
    def cycles(self) -> Cycles:
        """Predicted latency and interval; what simulation measures, exactly."""
        return predict(self.engines, self.argmax)

    @property
    def bottleneck(self) -> EnginePlan:
        """The engine that sets the interval."""
        return max(self.engines, key=lambda engine: engine.cycles)

    def foldings(self) -> dict[str, Folding]:
        """Folding of each layer, by name."""
        return {engine.layer.name: engine.folding for engine in self.engines}

    def to_json(self) -> dict:
        """The plan as JSON values; ``fold`` makes it again from ``engines``."""
        return {
            "network": self.network.name,
            "argmax": self.argmax,
            "board": self.board,
            "predicted_cycles": {"latency": self.cycles.latency, "interval": self.cycles.interval},
            "engines": [
                {
                    "name": engine.layer.name,
                    "rows": engine.layer.rows,
                    "columns": engine.layer.columns,
                    "pe": engine.folding.pe,
                    "simd": engine.folding.simd,
                    "lanes": engine.lanes,
                    "banks": engine.banks,
                    "tiles": len(engine.schedule.tiles),
                    "tiles_skipped": engine.schedule.skipped,
                    "weight_bits_stored": engine.schedule.weight_bits,
                }
                for engine in self.engines
            ],
        }

    def dumps(self) -> str:
        """The plan as JSON text, the same for the same plan."""
        return json.dumps(self.to_json(), indent=1, sort_keys=True) + "\n"


def fold(network: Network, foldings: Mapping[str, Folding]) -> Plan:
    """A plan with the given folding of each layer; output lanes follow from it.

    They are as few as keep up with the array.

    Raises
    ------
    PlanError
        If a layer has no folding, a folding no layer, or one does not divide.
    """
    layers, argmax = lower(network)
    names = [layer.name for layer in layers]
    for name in foldings:
        if name not in names:
            raise PlanError(f"no layer is named {name!r}; layers are {', '.join(names)}")
    for name in names:
        if name not in foldings:
            raise PlanError(f"layer {name!r} has no folding; give PE and SIMD for it")
    engines = []
    targets = [foldings[name].simd for name in names[1:]] + [1 if argmax else 0]
    for layer, target in zip(layers, targets, strict=True):
        engines.append(with_lanes(layer, foldings[layer.name], target))
    return Plan(network, tuple(engines), argmax)


def with_lanes(layer: Layer, folding: Folding, target: int = 0) -> EnginePlan:
    """An engine with the fewest output lanes that keep up with its array.

    Parameters
    ----------
    layer : Layer
    folding : Folding
    target : int
        Lanes of whoever reads the outputs; 0 if that is not known or takes any number.
    """
    schedule = EnginePlan(layer, folding).schedule
    pe, rows, most = folding.pe, layer.rows, max(len(schedule.tiles), schedule.words)

    def beats(lanes: int) -> int:
        """Cycles one image's outputs take on their way, at least."""
        return rows // gcd(lanes, target) if target else rows // lanes

    divisors = [lanes for lanes in range(1, pe + 1) if pe % lanes == 0]
    enough = [lanes for lanes in divisors if max(beats(lanes), rows // lanes) <= most]
    lanes = enough[0] if enough else min(divisors, key=lambda lanes: (beats(lanes), lanes))
    return EnginePlan(layer, folding, lanes)
