"""A plan: how each layer of a network is folded, and what speed that gives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import gcd

from ..errors import PlanError
from ..network import Network
from .buffers import branch_buffers
from .cycles import Cycles, predict
from .dataflow import Part, dataflow
from .engine import EnginePlan, PoolPlan, StepPlan
from .layer import Layer
from .lower import lower
from .schedule import Folding
from .steps import Pool, Step

__all__ = ["Plan", "arrange", "fold", "with_lanes"]


@dataclass(frozen=True, eq=False)
class Plan:
    """An accelerator as decided.

    Parameters
    ----------
    network : Network
    steps : tuple of EnginePlan, PoolPlan and StepPlan
        In the order of the network.
    argmax : bool
        Whether it ends in a class index.
    buffers : dict of str to int
        Beats of the FIFO before each step that joins branches, by ``step.input``.
    board : str
        Name of the board it is for; empty if for none in particular.
    """

    network: Network
    steps: tuple[EnginePlan | PoolPlan | StepPlan, ...]
    argmax: bool
    buffers: Mapping[str, int] = field(default_factory=dict)
    board: str = ""

    @property
    def engines(self) -> tuple[EnginePlan, ...]:
        """The steps that have weights."""
        return tuple(step for step in self.steps if isinstance(step, EnginePlan))

    @cached_property
    def cycles(self) -> Cycles:
        """Predicted latency and interval; what simulation measures, exactly."""
        return predict(self.steps, self.argmax, self.buffers)

    @cached_property
    def dataflow(self) -> tuple[tuple[Part, ...], int]:
        """Components in order of flow, and the lanes of the input."""
        return dataflow(self.steps, self.argmax, self.buffers)

    @property
    def i_lanes(self) -> int:
        """Codes that enter at once."""
        return self.dataflow[1]

    @property
    def o_beats(self) -> int:
        """Beats in which an image's outputs leave."""
        last = self.steps[-1]
        return last.step.pixels * (1 if self.argmax else last.step.channels // last.lanes)

    @property
    def bottleneck(self) -> EnginePlan | PoolPlan | StepPlan:
        """The step that sets the interval."""
        return max(self.steps, key=lambda step: step.cycles)

    @property
    def array_utilization(self) -> float:
        """Share of the bottleneck engine's lane-cycles that hold a tile, in steady state."""
        busiest = max(engine.tile_cycles for engine in self.engines)
        return busiest / self.cycles.interval

    def foldings(self) -> dict[str, Folding]:
        """Folding of each layer, by name."""
        return {engine.layer.name: engine.folding for engine in self.engines}

    def to_json(self) -> dict:
        """The plan as JSON values; what was decided, and what follows from it."""
        return {
            "network": self.network.name,
            "argmax": self.argmax,
            "board": self.board,
            "predicted_cycles": {"latency": self.cycles.latency, "interval": self.cycles.interval},
            "steps": [_entry(step) for step in self.steps],
            "buffers": dict(self.buffers),
        }

    def dumps(self) -> str:
        """The plan as JSON text, the same for the same plan."""
        return json.dumps(self.to_json(), indent=1, sort_keys=True) + "\n"


def fold(network: Network, foldings: Mapping[str, Folding]) -> Plan:
    """A plan with the given folding of each layer; all else follows from it.

    Lanes of outputs, and of steps without weights, are as few as keep up with the slowest
    engine; buffers before joins are as small as slow nothing down.

    Raises
    ------
    PlanError
        If a layer has no folding, a folding no layer, or one does not divide.
    """
    steps, argmax = lower(network)
    names = [step.name for step in steps if isinstance(step, Layer)]
    for name in foldings:
        if name not in names:
            raise PlanError(f"no layer is named {name!r}; layers are {', '.join(names)}")
    for name in names:
        if name not in foldings:
            raise PlanError(f"layer {name!r} has no folding; give PE and SIMD for it")
    plans = arrange(steps, foldings, argmax)
    return Plan(network, plans, argmax, branch_buffers(plans, argmax))


def arrange(steps, foldings: Mapping[str, Folding], argmax: bool) -> tuple:
    """The plans of all steps for foldings of the layers, without buffers before joins."""
    engines = {
        step.name: EnginePlan(step, foldings[step.name])
        for step in steps
        if isinstance(step, Layer)
    }
    slowest = max(
        [max(plan.tile_cycles, plan.walk.words) for plan in engines.values()], default=1 << 62
    )
    others = {step.name: _step_plan(step, slowest) for step in steps if not isinstance(step, Layer)}
    plans = engines | others
    readers: dict[str, list[int]] = {}
    for step in steps:
        for source in step.sources:
            readers.setdefault(source, []).append(plans[step.name].i_lanes)
    if argmax:
        readers[steps[-1].output] = [1]
    for name, plan in engines.items():
        targets = tuple(readers.get(plan.layer.output, ()))
        plans[name] = with_lanes(plan.layer, plan.folding, *targets)
    return tuple(plans[step.name] for step in steps)


def with_lanes(layer: Layer, folding: Folding, *targets: int) -> EnginePlan:
    """An engine with the fewest output lanes that keep up with its array.

    Parameters
    ----------
    layer : Layer
    folding : Folding
    targets : int
        Lanes of those who read the outputs; none if that is not known.
    """
    plan = EnginePlan(layer, folding)
    pe, rows, most = folding.pe, layer.rows, max(plan.tile_cycles, plan.walk.words)

    def cycles(lanes: int) -> int:
        """What an image's outputs take on their way, at least."""
        return layer.pixels * max(rows // gcd(lanes, target) for target in (lanes, *targets))

    divisors = [lanes for lanes in range(1, pe + 1) if pe % lanes == 0]
    enough = [lanes for lanes in divisors if cycles(lanes) <= most]
    lanes = enough[0] if enough else min(divisors, key=lambda lanes: (cycles(lanes), lanes))
    return EnginePlan(layer, folding, lanes)


def _step_plan(step: Step, slowest: int) -> PoolPlan | StepPlan:
    """A step with the fewest lanes that keep it clearly faster than the slowest engine."""
    kind = PoolPlan if isinstance(step, Pool) else StepPlan
    for lanes in range(1, step.unit + 1):
        if step.unit % lanes == 0:
            plan = kind(step, lanes)
            if plan.cycles * 5 <= slowest * 4:
                break
    return plan


def _entry(plan: EnginePlan | PoolPlan | StepPlan) -> dict:
    entry = {"name": plan.name, "op": plan.step.op, "lanes": plan.lanes}
    if not isinstance(plan, StepPlan):
        entry |= {"depth": plan.depth, "memory": plan.memory, "cycles": plan.cycles}
    if isinstance(plan, EnginePlan):
        schedule = plan.schedule
        entry |= {
            "rows": plan.layer.rows,
            "columns": plan.layer.columns,
            "pe": plan.folding.pe,
            "simd": plan.folding.simd,
            "tiles": len(schedule.tiles),
            "tiles_skipped": schedule.skipped,
            "weight_bits_stored": schedule.weight_bits,
        }
    return entry
