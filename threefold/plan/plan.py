"""A plan: how each layer of a network is folded, and what speed that gives."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import gcd, prod

from ..errors import PlanError
from ..network import Network
from .align import align
from .area import BLOCK_WORTH, MEMORIES
from .buffers import branch_buffers
from .cycles import Cycles, predict
from .dataflow import Part, dataflow
from .engine import EnginePlan, PoolPlan, StepPlan, smooth_depth
from .layer import Layer
from .lower import lower
from .requantize import FORMS
from .resources import estimate_requantizer
from .schedule import Folding, divisors
from .steps import Pool, Requantize, Step

__all__ = ["Plan", "arrange", "check_choices", "fold", "requantizes", "with_lanes"]


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
        busiest = max((engine.tile_cycles for engine in self.engines), default=0)
        return busiest / self.cycles.interval

    def foldings(self) -> dict[str, Folding]:
        """Folding of each layer, by name."""
        return {engine.layer.name: engine.folding for engine in self.engines}

    def memories(self) -> dict[str, str]:
        """Kind of memory of each step that has a buffer, by name."""
        return {step.name: step.memory for step in self.steps if hasattr(step, "memory")}

    def forms(self) -> dict[str, str]:
        """Form of each requantizer, by name of its step."""
        return {step.name: step.form for step in self.steps if requantizes(step.step)}

    def with_choices(
        self,
        memories: Mapping[str, str] | None = None,
        forms: Mapping[str, str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> "Plan":
        """The same foldings with other memories or requantizers; the rest follows as in `fold`.

        Parameters are those of :func:`fold`; what they leave out stays as it is.
        """
        made = fold(
            self.network,
            self.foldings(),
            memories=self.memories() | dict(memories or {}),
            forms=self.forms() | dict(forms or {}),
            progress=progress,
        )
        return replace(made, board=self.board)

    def aligned(self, progress: Callable[[int, int], None] | None = None) -> "Plan":
        """The same foldings and choices, for filters in an order that leaves fewer tiles.

        The network of the result computes the same, see :func:`~threefold.plan.align`; it is
        this very plan if no order saves a tile.

        Raises
        ------
        PlanError
            If nothing has weights.
        """
        if not self.engines:
            raise PlanError(f"{self.network.name!r} has no weights, so no tiles to align")
        network, moved = align(self.network, self.foldings())
        return replace(self, network=network).with_choices(progress=progress) if moved else self

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


def fold(
    network: Network,
    foldings: Mapping[str, Folding],
    *,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """A plan with the given folding of each layer; all else follows from it.

    Lanes of outputs, and of steps without weights, are as few as keep up with the slowest
    engine; buffers before joins are as small as slow nothing down.

    Parameters
    ----------
    network : Network
    foldings : mapping of str to Folding
        By name of the layer.
    memories : mapping of str to str
        Where the buffers of layers and pools live, one of
        :data:`~threefold.plan.area.MEMORIES`; ``"auto"`` where left out.
    forms : mapping of str to str
        Of requantizers, one of :data:`~threefold.plan.requantize.FORMS`, by name of the layer
        or of the threshold; the cheapest that keeps up where left out.
    progress : callable
        Called with the number of buffers before joins that are decided and of all.

    Raises
    ------
    PlanError
        If a layer has no folding, a folding no layer, or one does not divide, or memories or
        forms are for no step that has such, or not one of those there are.
    """
    steps, argmax = lower(network)
    names = [step.name for step in steps if isinstance(step, Layer)]
    for name in foldings:
        if name not in names:
            raise PlanError(f"no layer is named {name!r}; layers are {', '.join(names) or 'none'}")
    for name in names:
        if name not in foldings:
            raise PlanError(f"layer {name!r} has no folding; give PE and SIMD for it")
    memories, forms = memories or {}, forms or {}
    _check_choices(steps, memories, forms)
    plans = tuple(
        replace(plan, memory=memories[plan.name]) if plan.name in memories else plan
        for plan in arrange(steps, foldings, argmax, forms)
    )
    return Plan(network, plans, argmax, branch_buffers(plans, argmax, progress))


def check_choices(
    network: Network,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
) -> None:
    """Refuse memories and forms that :func:`fold` would refuse, before any folding is chosen.

    Raises
    ------
    PlanError
        As :func:`fold`.
    """
    _check_choices(lower(network)[0], memories or {}, forms or {})


def _check_choices(steps, memories: Mapping[str, str], forms: Mapping[str, str]) -> None:
    for what, kinds, given, names in (
        ("memory", MEMORIES, memories, [s.name for s in steps if isinstance(s, Layer | Pool)]),
        ("requantizer", FORMS, forms, [s.name for s in steps if requantizes(s)]),
    ):
        for name, kind in given.items():
            if name not in names:
                there = f"there are {', '.join(names)}" if names else "there is none"
                raise PlanError(f"no step with a {what} is named {name!r}; {there}")
            if kind not in kinds:
                raise PlanError(
                    f"{what} of {name!r} must be one of {', '.join(kinds)}, not {kind!r}"
                )


def requantizes(step: Layer | Step) -> bool:
    """Whether a step has a requantizer."""
    return isinstance(step, Requantize) or (isinstance(step, Layer) and step.levels is not None)


def arrange(
    steps, foldings: Mapping[str, Folding], argmax: bool, forms: Mapping[str, str] | None = None
) -> tuple:
    """The plans of all steps for foldings of the layers, without buffers before joins."""
    forms = {name: (form,) for name, form in (forms or {}).items()}
    engines = {
        step.name: EnginePlan(step, foldings[step.name])
        for step in steps
        if isinstance(step, Layer)
    }
    slowest = max(
        [max(plan.tile_cycles, plan.walk.words) for plan in engines.values()],
        default=prod(steps[0].in_shape),
    )
    words: dict[str, list[int]] = {}
    for plan in engines.values():
        words.setdefault(plan.layer.sources[0], []).append(plan.i_lanes)
    others = {
        step.name: _step_plan(step, slowest, forms.get(step.name, FORMS), words.get(step.name, ()))
        for step in steps
        if not isinstance(step, Layer)
    }
    plans = engines | others
    readers: dict[str, list[int]] = {}
    for step in steps:
        for source in step.sources:
            readers.setdefault(source, []).append(plans[step.name].i_lanes)
    if argmax:
        readers[steps[-1].output] = [1]
    for name, plan in engines.items():
        targets = tuple(readers.get(plan.layer.output, ()))
        allowed = forms.get(name, FORMS)
        plans[name] = with_lanes(plan.layer, plan.folding, *targets, forms=allowed)
    return tuple(plans[step.name] for step in steps)


def with_lanes(
    layer: Layer, folding: Folding, *targets: int, forms: tuple[str, ...] = FORMS
) -> EnginePlan:
    """An engine with the least logic behind its array that keeps up with it.

    Parameters
    ----------
    layer : Layer
    folding : Folding
    targets : int
        Lanes of those who read the outputs; none if that is not known.
    forms : tuple of str
        Requantizers to choose from.
    """
    plan = EnginePlan(layer, folding)
    rows, most = layer.rows, max(plan.tile_cycles, plan.walk.words)
    choices = [
        replace(plan, lanes=lanes, form=form)
        for lanes in divisors(folding.pe)
        for form in (forms if layer.levels is not None else FORMS[1:2])
    ]

    def cycles(choice: EnginePlan) -> int:
        """What an image's outputs take on their way, at least."""
        beats = max((rows // gcd(choice.lanes, target) for target in targets), default=0)
        return max(choice.cycles, layer.pixels * beats)

    enough = [choice for choice in choices if cycles(choice) <= most]
    if enough:
        return min(enough, key=lambda choice: (_price(choice), choice.lanes))
    return min(choices, key=lambda choice: (cycles(choice), _price(choice), choice.lanes))


def _step_plan(
    step: Step, slowest: int, forms: tuple[str, ...], targets: Sequence[int]
) -> PoolPlan | StepPlan:
    """The step with the least logic that is clearly faster than the slowest engine.

    Its outputs have to be so as well on their way into the words of ``targets`` lanes that engines
    read.
    """
    lanes = divisors(step.unit)
    if isinstance(step, Pool):
        choices = [PoolPlan(step, lanes) for lanes in lanes]
    elif isinstance(step, Requantize):
        choices = [StepPlan(step, lanes, form) for lanes in lanes for form in forms]
    else:
        choices = [StepPlan(step, lanes) for lanes in lanes]

    def cycles(choice: PoolPlan | StepPlan) -> int:
        beats = max((step.channels // gcd(choice.lanes, target) for target in targets), default=0)
        return max(choice.cycles, step.pixels * beats)

    enough = [choice for choice in choices if cycles(choice) * 5 <= slowest * 4]
    if enough:
        best = min(enough, key=lambda choice: (_price(choice), choice.lanes))
        if isinstance(best, PoolPlan):
            best = replace(best, depth=smooth_depth(best.walk, slowest))
        return best
    return min(choices, key=cycles)


def _price(plan: EnginePlan | PoolPlan | StepPlan) -> float:
    """Logic behind an array, by what the smallest FPGA has of it.

    The same for every family, so that equal foldings are equal plans on all boards.
    """
    step = plan.step
    if isinstance(step, Pool):
        return plan.lanes
    if isinstance(step, Layer) and step.levels is None:
        return plan.lanes
    if not isinstance(step, Layer | Requantize):
        return plan.lanes
    area = estimate_requantizer(plan, "ice40")
    return area.cells + BLOCK_WORTH["ice40"] * area.bram


def _entry(plan: EnginePlan | PoolPlan | StepPlan) -> dict:
    entry = {"name": plan.name, "op": plan.step.op, "lanes": plan.lanes}
    if not isinstance(plan, StepPlan):
        entry |= {"depth": plan.depth, "memory": plan.memory, "cycles": plan.cycles}
    if plan.step.op == "threshold" or isinstance(plan, EnginePlan):
        entry["form"] = plan.form
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
