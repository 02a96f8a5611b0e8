"""What is decided about one engine."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import PlanError
from .area import MEMORIES
from .layer import Layer
from .program import Program
from .requantize import check_form, requantizer_cycles
from .schedule import Folding, Schedule
from .steps import Pool, Requantize, Step
from .window import Walk

__all__ = ["EnginePlan", "PoolPlan", "StepPlan", "least_depth", "smooth_depth"]


@dataclass(frozen=True, eq=False)
class EnginePlan:
    """One engine of an accelerator.

    Parameters
    ----------
    layer : Layer
    folding : Folding
    lanes : int
        Outputs that leave in one cycle, a divisor of the PE count.
    depth : int
        Words the activation buffer holds, a power of two; 0 for as many as let a producer of
        constant rate never wait.
    memory : str
        Where the activation buffer lives, one of
        :data:`~threefold.plan.area.MEMORIES`. SPRAM has a single port: words enter in cycles in
        which none is read.
    form : str
        Of the requantizer, one of :data:`~threefold.plan.requantize.FORMS`.

    Raises
    ------
    PlanError
        If the folding does not divide the layer, ``lanes`` not the PE count, the depth is no
        power of two or too small for a window, or there is no such memory or form.
    """

    layer: Layer
    folding: Folding
    lanes: int = 1
    depth: int = 0
    memory: str = "auto"
    form: str = "pipelined"

    def __post_init__(self):
        self.folding.check(self.layer)
        check_form(self.form)
        if self.lanes < 1 or self.folding.pe % self.lanes:
            raise PlanError(
                f"output lanes of {self.layer.name!r} must divide {self.folding.pe} PEs, "
                f"not {self.lanes}"
            )
        _settle(self, self.layer.name)

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def step(self) -> Layer:
        return self.layer

    @cached_property
    def schedule(self) -> Schedule:
        """The tiles of the layer."""
        return Schedule(self.layer, self.folding)

    @property
    def program(self) -> Program:
        """The words of a window in the order they are read."""
        return self.schedule.program

    @cached_property
    def walk(self) -> Walk:
        """The windows of an image in words."""
        return self.layer.window.walk(self.schedule.pitch)

    @property
    def i_lanes(self) -> int:
        """Codes in a word of the input."""
        return self.schedule.lanes

    @property
    def word_bits(self) -> int:
        """Width of a word of the activation buffer."""
        return self.layer.codes.bits * self.i_lanes

    @property
    def beats(self) -> int:
        """Beats in which the totals of a result leave the array."""
        return self.folding.pe // self.lanes

    @cached_property
    def decoupled(self) -> bool:
        """Whether the serializer behind the array accepts totals only when it is empty.

        Then the array stalls on a register, not on a path from the reader of the layer's output.
        Unless that reader waits, it costs no cycle where totals are further apart than their
        beats, or where each beat keeps the requantizer busy for longer than a cycle.
        """
        return self._requantizer_cycles > 1 or self.program.shortest > self.beats

    @property
    def _requantizer_cycles(self) -> int:
        layer = self.layer
        return 1 if layer.levels is None else requantizer_cycles(self.form, layer.out_bits)

    @property
    def tile_cycles(self) -> int:
        """Cycles the array works on an image."""
        return len(self.program) * self.layer.pixels

    @property
    def cycles(self) -> int:
        """Least cycles between images: tiles and words in take one each, beats out some."""
        beats = self.layer.rows // self.lanes * self.layer.pixels * self._requantizer_cycles
        tiles = self.tile_cycles + (self.walk.words if self.memory == "spram" else 0)
        return max(tiles, self.walk.words, beats)


@dataclass(frozen=True, eq=False)
class PoolPlan:
    """A pooling engine.

    Parameters
    ----------
    step : Pool
    lanes : int
        Channels worked on at once.
    depth, memory
        As in :class:`EnginePlan`.
    """

    step: Pool
    lanes: int = 1
    depth: int = 0
    memory: str = "auto"

    def __post_init__(self):
        _divide(self.lanes, self.step)
        _settle(self, self.step.name)

    @property
    def name(self) -> str:
        return self.step.name

    @property
    def i_lanes(self) -> int:
        """Codes in a word of the input."""
        return self.lanes

    @property
    def word_bits(self) -> int:
        """Width of a word of the activation buffer."""
        return self.step.codes[0].bits * self.lanes

    @cached_property
    def program(self) -> Program:
        """The words of a window in the order they are read: channel after channel."""
        pitch = self.step.channels // self.lanes
        height, width = self.step.window.kernel
        word, row, column = np.indices((pitch, height, width)).reshape(3, -1)
        last = np.append(word[1:] != word[:-1], True)
        return Program(row, column * pitch + word, last, height, width * pitch)

    @cached_property
    def walk(self) -> Walk:
        """The windows of an image in words."""
        return self.step.window.walk(self.step.channels // self.lanes)

    @property
    def cycles(self) -> int:
        """Least cycles between images."""
        tiles = len(self.program) * self.step.pixels
        return max(tiles + (self.walk.words if self.memory == "spram" else 0), self.walk.words)


@dataclass(frozen=True, eq=False)
class StepPlan:
    """A step without a buffer of its own.

    Parameters
    ----------
    step : Step
    lanes : int
        Channels that pass at once, a divisor of the channels of inputs and output.
    form : str
        Of a requantizer; as in :class:`EnginePlan`.
    """

    step: Step
    lanes: int = 1
    form: str = "pipelined"

    def __post_init__(self):
        check_form(self.form)
        _divide(self.lanes, self.step)

    @property
    def name(self) -> str:
        return self.step.name

    @property
    def i_lanes(self) -> int:
        """Channels of each input that pass at once."""
        return self.lanes

    @property
    def cycles(self) -> int:
        """Least cycles between images."""
        beats = self.step.pixels * self.step.channels // self.lanes
        if isinstance(self.step, Requantize):
            beats *= requantizer_cycles(self.form, self.step.out_bits)
        return beats


def least_depth(walk: Walk) -> int:
    """The smallest buffer, a power of two of words, that holds a window."""
    return _power(walk.least_depth)


def smooth_depth(walk: Walk, cycles: int) -> int:
    """The smallest buffer with which a producer of constant rate never makes windows wait.

    Its counters lag behind by a cycle, in which another word arrives if one does in each.

    Parameters
    ----------
    walk : Walk
    cycles : int
        Between images.
    """
    return _power(walk.smooth_depth + (cycles <= walk.words))


def _power(words: int) -> int:
    return 1 << max(1, (words - 1).bit_length())


def _settle(plan: EnginePlan | PoolPlan, name: str) -> None:
    if plan.memory not in MEMORIES:
        raise PlanError(
            f"memory of {name!r} must be one of {', '.join(MEMORIES)}, not {plan.memory!r}"
        )
    if not plan.depth:
        object.__setattr__(
            plan, "depth", smooth_depth(plan.walk, len(plan.program) * len(plan.walk.needed))
        )
    if plan.depth & (plan.depth - 1) or plan.depth < least_depth(plan.walk):
        raise PlanError(
            f"the buffer of {name!r} must be a power of two of at least "
            f"{least_depth(plan.walk)} words, not {plan.depth}"
        )


def _divide(lanes: int, step: Step) -> None:
    if lanes < 1 or step.unit % lanes:
        raise PlanError(f"lanes of {step.name!r} must divide {step.unit} channels, not {lanes}")
