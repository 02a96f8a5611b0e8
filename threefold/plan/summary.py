"""A plan in the words and shapes that tables and reports show."""

from collections import Counter
from dataclasses import dataclass
from math import prod

from ..network import INPUT
from .engine import EnginePlan, PoolPlan, StepPlan
from .plan import Plan
from .steps import Pool

__all__ = ["Branch", "branches", "describe", "in_shape", "inventory", "out_shape", "path", "shown"]

_NAMES = {
    "add": "add",
    "concat": "concat",
    "pad_channels": "pad channels",
    "threshold": "requantize",
}

_KINDS = {
    "pool": "pool",
    "add": "addition",
    "concat": "concatenation",
    "pad_channels": "padding of channels",
    "threshold": "requantizer",
}
_PLURALS = {"padding of channels": "paddings of channels"}


@dataclass(frozen=True)
class Branch:
    """A FIFO before a step that joins branches.

    Attributes
    ----------
    step : str
        Name of the step.
    input : int
        Which of its inputs.
    beats, lanes, bits : int
        Beats it holds, codes in each, and bits of each code; no beats if there is none.
    """

    step: str
    input: int
    beats: int
    lanes: int
    bits: int

    @property
    def name(self) -> str:
        """``step.input``"""
        return f"{self.step}.{self.input}"


def branches(plan: Plan) -> list[Branch]:
    """The buffers of a plan in the order of its steps."""
    return [
        Branch(step.name, index, plan.buffers[f"{step.name}.{index}"], step.i_lanes, codes.bits)
        for step in plan.steps
        if len(step.step.sources) > 1
        for index, codes in enumerate(step.step.codes)
    ]


def in_shape(step: EnginePlan | PoolPlan | StepPlan) -> tuple[int, int, int]:
    """Height, width and channels of a step's first input; flat where a kernel covers it."""
    return tuple(step.step.in_shape)


def out_shape(step: EnginePlan | PoolPlan | StepPlan) -> tuple[int, int, int]:
    """Height, width and channels of a step's output."""
    if isinstance(step, EnginePlan):
        return (*step.layer.window.out, step.layer.rows)
    return tuple(step.step.shape)


def describe(step: EnginePlan | PoolPlan | StepPlan) -> str:
    """The operation of a step, such as ``conv 3×3, stride 2`` or ``dense``."""
    if isinstance(step, StepPlan):
        return _NAMES.get(step.step.op, step.step.op)
    window, groups = step.step.window, 1
    if isinstance(step.step, Pool):
        name = "sum pool" if step.step.total else "max pool"
        if prod(window.kernel) == 1:
            return f"subsample, stride {_pair(window.stride)}"
    else:
        groups, name = step.step.groups, "conv"
        if prod(window.shape[:2]) == 1:
            return "dense"
        if groups > 1:
            name = "depthwise" if groups == window.shape[2] else f"conv, {groups} groups,"
    text = f"{name} {window.kernel[0]}×{window.kernel[1]}"
    usual = window.kernel if isinstance(step.step, Pool) else (1, 1)
    return text if window.stride == usual else f"{text}, stride {_pair(window.stride)}"


def shown(shape) -> str:
    """A shape as text: ``16×16×32``, or the length of a vector."""
    return str(shape[2]) if tuple(shape[:2]) == (1, 1) else "×".join(map(str, shape))


def inventory(plan: Plan) -> dict[str, int]:
    """How many steps of each kind there are, by a name in the plural where it is due."""
    kinds = Counter(_kind(step) for step in plan.steps)
    return {
        kind if count == 1 else _PLURALS.get(kind, f"{kind}s"): count
        for kind, count in kinds.items()
    }


def _kind(step: EnginePlan | PoolPlan | StepPlan) -> str:
    if isinstance(step, EnginePlan):
        word = describe(step).split()[0].strip(",")
        return {"conv": "convolution", "depthwise": "depthwise convolution"}.get(
            word, "dense layer"
        )
    return _KINDS[step.step.op]


def path(plan: Plan) -> list[tuple[int, int, int]]:
    """Shapes along the way from input to output, following the first branch of every join.

    A shape that a step keeps is there once.
    """
    by_output = {step.step.output: step for step in plan.steps}
    step = plan.steps[-1]
    shapes = [out_shape(step)]
    while True:
        shapes.append(in_shape(step))
        if step.step.sources[0] == INPUT:
            break
        step = by_output[step.step.sources[0]]
        shapes.append(out_shape(step))
    shapes[-1] = plan.network.input.shape
    shapes.reverse()
    kept = shapes[:1]
    for shape in shapes[1:]:
        if shape != kept[-1] and not (prod(shape) == prod(kept[-1]) and shape[:2] == (1, 1)):
            kept.append(shape)
    return [tuple(shape) for shape in kept]


def _pair(sizes: tuple[int, int]) -> str:
    return str(sizes[0]) if sizes[0] == sizes[1] else f"{sizes[0]}×{sizes[1]}"
