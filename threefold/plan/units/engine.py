"""Engine: an array of processing elements for one layer with weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import ceil, prod
from typing import Self

import numpy as np

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..latency import READER_LATENCY, logit_latency, pe_latency
from ..layers import ConvLayer, Layer, only
from ..program import Program, Programs
from ..requantize import stored_channels
from ..schedule import Folding, Schedule, divisors, simd_widths
from ..unfolding import Unfolding
from ..window import Walk, Window
from .block import StreamType
from .engine_cells import engine_parts
from .requantizing import Requantizer, alike, check_requantizer, requantizer, requantizer_forms
from .unit import Decisions, decided, stream_type
from .window_unit import WindowUnit, shown_window

__all__ = ["EngineUnit"]


@dataclass(frozen=True, eq=False)
class EngineUnit(WindowUnit):
    """PE array with window reader, serializer, and requantizer or logit adder.

    Parameters
    ----------
    layers : (ConvLayer,)
    pe, simd, pixels : int
        Folding: processing elements, lanes of each, and output pixels worked on at once; see
        :class:`Folding`.
    lanes : int
        Outputs that leave in one cycle, a divisor of the PE count.
    form : str
        Form of the requantizer, one of :data:`~threefold.plan.requantize.FORMS`.
    depth, memory
        As in :class:`WindowUnit`.

    Raises
    ------
    PlanError
        If the folding does not divide the layer, ``lanes`` not the PE count, the depth is no
        power of two or too small for a window, or there is no such memory or form.
    """

    layers: tuple[ConvLayer]
    pe: int
    simd: int
    lanes: int = 1
    pixels: int = field(default=1, kw_only=True)
    form: str = field(default="pipelined", kw_only=True)

    kind = "engine"
    realizes = (ConvLayer,)
    paced = False

    def __post_init__(self):
        self.folding.check(self.layer)
        check_requantizer(self.form, self.finished)
        if self.lanes < 1 or self.pe % self.lanes:
            raise PlanError(
                f"output lanes of {self.name!r} must divide {self.pe} PEs, not {self.lanes}"
            )
        self.settle()

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ConvLayer)
        for pe in decided(fixed, "pe", divisors(layer.rows)):
            for simd in decided(fixed, "simd", _widths(layer)):
                if fixed.keys() >= {"pe", "simd"} or Folding(pe, simd).divides(layer):
                    for pixels in decided(fixed, "pixels", _pixels(layer)):
                        yield cls((layer,), pe, simd, pixels=pixels)

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        forms = requantizer_forms(self.finished, fixed)
        for lanes in decided(fixed, "lanes", divisors(self.pe)):
            for form in forms:
                yield replace(self, lanes=lanes, form=form)

    @classmethod
    def decision_names(cls, layers: Sequence[Layer]) -> list[str]:
        names = super().decision_names(layers)
        requantizes = only(layers, ConvLayer).thresholds is not None
        return names if requantizes else [name for name in names if name != "form"]

    @property
    def layer(self) -> ConvLayer:
        return self.layers[0]

    @property
    def folding(self) -> Folding:
        """Processing elements, lanes of each, and output pixels worked on at once."""
        return Folding(self.pe, self.simd, self.pixels)

    @property
    def requantizer(self) -> Requantizer | None:
        """What turns accumulator values into codes; None where logits leave."""
        layer = self.finished
        if layer.thresholds is None:
            return None
        return requantizer(
            layer, layer.accumulator_bits, self.form, self.lanes, self.threshold_channels
        )

    @property
    def threshold_channels(self) -> int:
        """Channels after which the thresholds come again, as they are stored."""
        stored = alike(self.finished, self.form)
        return stored_channels(stored, self.layer.rows, self.lanes, self.pe, self.pixels)

    @cached_property
    def schedule(self) -> Schedule:
        """The tiles of the layer."""
        return _schedule(self.layer, self.folding)

    @cached_property
    def narrower(self) -> tuple[Schedule, ...]:
        """The tiles of the layer at each narrower width of the network."""
        return tuple(_schedule(each, self.folding) for each in self.layer.widths)

    @cached_property
    def finished(self) -> ConvLayer:
        """The layer with the thresholds or offsets of its array's accumulator values."""
        finished = self.schedule.finished
        if not self.narrower:
            return finished
        return replace(finished, widths=tuple(each.finished for each in self.narrower))

    @property
    def schedules(self) -> dict[str, Schedule]:
        return {self.name: self.schedule}

    @property
    def unfolding(self) -> Unfolding | None:
        """What gathers the input's pixels to patches, if they do not enter words as they are."""
        return self.schedule.unfolding

    @property
    def window(self) -> Window:
        """Geometry of the kernel over what the activation buffer holds: pixels, or patches."""
        return self.schedule.unfolded.window

    @property
    def program(self) -> Program:
        return self.schedule.program

    @cached_property
    def programs(self) -> Programs:
        """The words of a window in the order they are read, at each width of the network."""
        return Programs((self.program, *(each.program for each in self.narrower)))

    @property
    def weights(self) -> np.ndarray:
        """Ternary weights of every tile of all widths: int8, shape (tiles, PE, SIMD)."""
        return np.concatenate([each.weights for each in (self.schedule, *self.narrower)])

    @property
    def doubles(self) -> np.ndarray:
        """Whether the accumulator is doubled ahead of each of these tiles: bool."""
        return np.concatenate([each.doubles for each in (self.schedule, *self.narrower)])

    @property
    def walk(self) -> Walk:
        return self.schedule.walk

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.inputs[0], self.schedule.i_lanes),)

    @property
    def word_lanes(self) -> int:
        return self.schedule.lanes

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, self.lanes),)

    @property
    def beats(self) -> int:
        """Beats in which the accumulator values of a row group leave the array."""
        return self.pixels * self.pe // self.lanes

    @property
    def step_beats(self) -> int:
        """Beats in which the outputs of pixels worked on at once leave."""
        return self.pixels * self.layer.rows // self.lanes

    @property
    def reorders(self) -> bool:
        """Whether outputs come row group by row group, of several pixels each."""
        return self.pixels > 1 and self.pe < self.layer.rows

    @property
    def row_beats(self) -> tuple[int, int]:
        """Beats of a row of output pixels, and of those that are worked on with it."""
        columns, steps = self.window.out[1], self.walk.shape[1]
        return columns * self.layer.rows // self.lanes, steps * self.step_beats

    @cached_property
    def decoupled(self) -> bool:
        """Whether the serializer behind the array accepts values only when it is empty.

        Then the array stalls on a register, not on a path from the reader of the layer's output.
        Unless that reader waits, it costs no cycle where results are further apart than their
        beats, or where each beat keeps the requantizer busy for longer than a cycle.
        """
        return self._requantizer_interval > 1 or self.programs.shortest > self.beats

    @property
    def _requantizer_interval(self) -> int:
        return self.requantizer.interval if self.requantizer else 1

    @property
    def interval(self) -> int:
        """Least cycles between images: tiles and words in take one each, beats out some."""
        return max(self.input_cycles, self._output_cycles)

    @property
    def narrow_interval(self) -> int:
        if not self.narrower:
            return self.interval
        return max(self.narrow_pace, self._output_cycles)

    @property
    def _output_cycles(self) -> int:
        """Least cycles between images for the outputs to leave."""
        beats = max(
            self.step_beats * self._requantizer_interval, self.reorders * (self.step_beats + 1)
        )
        return self.walk.steps * beats

    @property
    def input_cycles(self) -> int:
        least = super().input_cycles
        return least if self.unfolding is None else max(least, self._patch_cycles)

    @property
    def smooth_interval(self) -> int:
        # Patches come in bursts, and none enters while the port is read.
        waits = self.memory == "spram" and self.unfolding is not None
        return 2 * self.interval if waits else super().smooth_interval

    @property
    def pace(self) -> int:
        least = max(self.tile_cycles, self.walk.words)
        return least if self.unfolding is None else max(least, self._patch_cycles)

    @property
    def narrow_pace(self) -> int:
        if not self.narrower:
            return self.pace
        least = max(self.programs.fewest * self.walk.steps, self.walk.words)
        return least if self.unfolding is None else max(least, self.unfolding.steps)

    @property
    def _patch_cycles(self) -> int:
        """Least cycles between images for patches to be gathered, and to be there when needed.

        Between rows and images there are steps that complete none. They begin when the last patch
        enters the buffer, or what divides it into words. The array goes on meanwhile with those
        that are there, and waits if that takes less; the next one reaches it a cycle later.
        """
        unfolding, pitch = self.unfolding, self.schedule.pitch
        assert unfolding is not None
        waits = 0
        if unfolding.whole and self.pixels == 1:
            ends = np.flatnonzero(unfolding.gives)
            gaps = np.diff(ends, append=unfolding.steps + ends[0]) + 1
            there = self.capacity // pitch + (pitch > 1)
            waits = int(np.maximum(0, gaps - there * len(self.program)).sum())
        return max(unfolding.steps, self.tile_cycles + waits)

    @property
    def price(self) -> float:
        return self.requantizer.price if self.requantizer else self.lanes

    def resources(self, family: Family) -> Resources:
        return sum(self.parts(family).values(), Resources())

    def parts(self, family: Family) -> dict[str, Resources]:
        """Resources by kind of component: an estimate; without kinds that it has none of."""
        return engine_parts(self, family)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        if self.unfolding:
            patches = builder.unfold(source, self.unfolding.takes, self.unfolding.gives)
            pitch = self.schedule.pitch
            source = builder.serializer(patches, pitch) if pitch > 1 else patches
        latency = READER_LATENCY + (self.pixels > 1) + pe_latency(self.layer.codes.bits, self.simd)
        single = self.memory == "spram"
        program = self.programs.widths[builder.width if self.narrower else 0]
        values = builder.array(
            source, self.walk, program, latency=latency, depth=self.capacity, single=single
        )
        beats = builder.serializer(values, self.beats, decoupled=self.decoupled)
        if not self.requantizer:
            return (builder.pipe(beats, logit_latency(self.layer.codes.step)),)
        codes = self.requantizer.stage(builder, beats)
        if self.reorders:
            together = builder.deserializer(codes, self.step_beats)
            codes = builder.pipe(builder.serializer(together, self.step_beats, decoupled=True), 1)
        kept, there = self.row_beats
        return (builder.crop(codes, kept, there) if kept < there else codes,)

    def describe(self) -> str:
        window, groups, name = self.layer.window, self.layer.groups, "conv"
        if prod(window.shape[:2]) == 1:
            return "dense"
        if groups > 1:
            name = "depthwise" if groups == window.shape[2] else f"conv, {groups} groups,"
        return shown_window(name, window, (1, 1))

    @property
    def noun(self) -> str:
        word = self.describe().split()[0].strip(",")
        nouns = {"conv": "convolution", "depthwise": "depthwise convolution"}
        return nouns.get(word, "dense layer")


@lru_cache(maxsize=4)
def _schedule(layer: ConvLayer, folding: Folding) -> Schedule:
    """The schedule, which the variants of a folding share."""
    return Schedule(layer, folding)


def _widths(layer: ConvLayer) -> list[int]:
    """SIMD widths to try: across columns of the kernel where channels are few."""
    channels = divisors(layer.depth)
    if layer.depth > _FEW_CHANNELS:
        return channels
    return channels + [width for width in simd_widths(layer) if width > layer.depth]


def _pixels(layer: ConvLayer) -> Iterator[int]:
    """Pixels to work on at once: the fewest for each number of steps that a row may take."""
    columns = layer.window.out[1] if layer.thresholds is not None else 1
    steps = 0
    for pixels in range(1, min(columns, _MOST_PIXELS) + 1):
        if steps != (steps := ceil(columns / pixels)):
            yield pixels


_MOST_PIXELS = 8  # that the search tries; a folding that is given may have more
_FEW_CHANNELS = 8  # that are unfolded when nobody asks for it
