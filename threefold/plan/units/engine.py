"""Engine: an array of processing elements for one layer with weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Self

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..latency import READER_LATENCY, logit_latency, pe_latency
from ..layers import ConvLayer, Layer, only
from ..program import Program
from ..schedule import Folding, Schedule, divisors
from ..shifts import shifts
from ..window import Walk, Window
from .block import StreamType
from .connectors import serializer_resources
from .pe_cells import pe_resources
from .requantizing import Requantizer, check_requantizer, requantizer, requantizer_forms
from .unit import Decisions, decided, stream_type
from .window_unit import WindowUnit, shown_window

__all__ = ["EngineUnit"]


@dataclass(frozen=True, eq=False)
class EngineUnit(WindowUnit):
    """PE array with window reader, serializer, and requantizer or logit adder.

    Parameters
    ----------
    layers : (ConvLayer,)
    pe, simd : int
        Folding: processing elements, and lanes of each; see :class:`Folding`.
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
    form: str = field(default="pipelined", kw_only=True)

    kind = "engine"
    realizes = (ConvLayer,)
    paced = False

    def __post_init__(self):
        self.folding.check(self.layer)
        check_requantizer(self.form, self.layer)
        if self.lanes < 1 or self.pe % self.lanes:
            raise PlanError(
                f"output lanes of {self.name!r} must divide {self.pe} PEs, not {self.lanes}"
            )
        self.settle()

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ConvLayer)
        for pe in decided(fixed, "pe", divisors(layer.rows)):
            for simd in decided(fixed, "simd", divisors(layer.depth)):
                if fixed.keys() >= {"pe", "simd"} or Folding(pe, simd).divides(layer):
                    yield cls((layer,), pe, simd)

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        forms = requantizer_forms(self.layer, fixed)
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
        """Processing elements, and lanes of each."""
        return Folding(self.pe, self.simd)

    @property
    def requantizer(self) -> Requantizer | None:
        """What turns accumulator values into codes; None where logits leave."""
        layer = self.layer
        if layer.thresholds is None:
            return None
        return requantizer(layer, layer.accumulator_bits, self.form, self.lanes)

    @cached_property
    def schedule(self) -> Schedule:
        """The tiles of the layer."""
        return Schedule(self.layer, self.folding)

    @property
    def schedules(self) -> dict[str, Schedule]:
        return {self.name: self.schedule}

    @property
    def window(self) -> Window:
        return self.layer.window

    @property
    def program(self) -> Program:
        return self.schedule.program

    @cached_property
    def walk(self) -> Walk:
        return self.window.walk(self.schedule.pitch)

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.inputs[0], self.schedule.lanes),)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, self.lanes),)

    @property
    def beats(self) -> int:
        """Beats in which the accumulator values of a result leave the array."""
        return self.pe // self.lanes

    @cached_property
    def decoupled(self) -> bool:
        """Whether the serializer behind the array accepts values only when it is empty.

        Then the array stalls on a register, not on a path from the reader of the layer's output.
        Unless that reader waits, it costs no cycle where results are further apart than their
        beats, or where each beat keeps the requantizer busy for longer than a cycle.
        """
        return self._requantizer_interval > 1 or self.program.shortest > self.beats

    @property
    def _requantizer_interval(self) -> int:
        return self.requantizer.interval if self.requantizer else 1

    @property
    def interval(self) -> int:
        """Least cycles between images: tiles and words in take one each, beats out some."""
        beats = self.layer.rows // self.lanes * self.layer.pixels * self._requantizer_interval
        return max(self.input_cycles, beats)

    @property
    def pace(self) -> int:
        return max(self.tile_cycles, self.walk.words)

    @property
    def price(self) -> float:
        return self.requantizer.price if self.requantizer else self.lanes

    def resources(self, family: Family) -> Resources:
        layer, schedule, tiles = self.layer, self.schedule, len(self.schedule.tiles)
        # Synthesis drops a lane whose weights are all zeros; if tiles are few there are some.
        used = (schedule.weights != 0).any(axis=0).sum(axis=1).tolist()
        bits = layer.codes.bits
        result = self.reader_resources(family)
        for simd in used:
            result += pe_resources(bits, max(1, simd), layer.accumulator_bits, family)
        result += serializer_resources(
            self.pe, self.lanes, layer.accumulator_bits, family
        )  # what drains the accumulators
        if tiles > 1:
            result += family.rom(schedule.row_bits, tiles)
        if self.requantizer:
            return result + self.requantizer.resources(family)
        logit_bits = self.outputs[0].bits
        for _ in range(self.lanes):
            result += family.rom(logit_bits, layer.rows // self.lanes)
            bare = layer.accumulator_bits if family.counts_bare_cells else family.chains.sum
            adders = len(shifts(layer.codes.step))
            result += Resources(adders * family.adder(logit_bits), ff=bare)
        return result

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        latency = READER_LATENCY + pe_latency(self.layer.codes.bits, self.simd)
        single = self.memory == "spram"
        values = builder.array(
            source, self.walk, self.program, latency=latency, depth=self.depth, single=single
        )
        beats = builder.serializer(values, self.beats, decoupled=self.decoupled)
        if self.requantizer:
            return (self.requantizer.stage(builder, beats),)
        return (builder.pipe(beats, logit_latency(self.layer.codes.step)),)

    def describe(self) -> str:
        window, groups, name = self.window, self.layer.groups, "conv"
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
