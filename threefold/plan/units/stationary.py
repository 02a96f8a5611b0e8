"""Output-stationary layer: an accumulator for each row, an element of the vector a cycle."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import sub
from typing import Self

import numpy as np

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import ConvLayer, Layer, only
from ..requantize import stored_channels
from ..schedule import divisors
from .block import StreamType
from .connectors import serializer_resources
from .requantizing import Requantizer, alike, check_requantizer, requantizer, requantizer_forms
from .unit import Decisions, Unit, decided, require_lanes, stream_type

__all__ = ["StationaryUnit"]

ROW_LATENCY = 2
"""Cycles from an element that is issued to accumulators that hold it."""


@dataclass(frozen=True, eq=False)
class StationaryUnit(Unit):
    """Accumulators of a ternary dense layer or 1×1 convolution, one for each row.

    Elements enter one a cycle and are not kept. Accumulators only add: a zero stops one, and for a
    negative weight it holds the complement, so that a bit is an adder's LUT and flip-flop on
    families whose adders have a LUT behind the carry. What a logit has besides is where its
    accumulator begins. A vector takes two cycles more than it has elements.

    Parameters
    ----------
    layers : (ConvLayer,)
    lanes : int
        Outputs that leave in one cycle, a divisor of the rows; all of them take no serializer.
    form : str
        Form of the requantizer, one of :data:`~threefold.plan.requantize.FORMS`.
    memory : str
        Where weights are: ``"lut"``, ``"block"``, or ``"auto"`` for what suits their size.

    Raises
    ------
    PlanError
        If ``lanes`` does not divide the rows, or there is no such form or memory.
    """

    layers: tuple[ConvLayer]
    lanes: int
    form: str = field(default="pipelined", kw_only=True)
    memory: str = field(default="auto", kw_only=True)

    kind = "stationary"
    realizes = (ConvLayer,)
    paced = False
    proposed = False
    memories = ("auto", "lut", "block")

    def __post_init__(self):
        require_lanes(self, self.layer.rows)
        check_requantizer(self.form, self.layer)
        if self.memory not in self.memories:
            raise PlanError(
                f"memory of {self.name!r} must be one of {', '.join(self.memories)}, "
                f"not {self.memory!r}"
            )

    @classmethod
    def accepts(cls, layers: Sequence[Layer]) -> bool:
        if not super().accepts(layers):
            return False
        layer = only(layers, ConvLayer)
        window = layer.window
        pointwise = window.kernel == (1, 1) and window.stride == (1, 1) and not any(window.padding)
        plain = layer.groups == layer.digits == 1 and not layer.widths
        return pointwise and plain and (layer.offsets is None or layer.codes.step == 1)

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ConvLayer)
        for lanes in decided(fixed, "lanes", (layer.rows,)):
            yield cls((layer,), lanes)

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        forms = requantizer_forms(self.layer, fixed)
        for lanes in decided(fixed, "lanes", divisors(self.layer.rows)):
            for form in forms:
                yield replace(self, lanes=lanes, form=form)

    def placed(self, fixed: Decisions) -> Self:
        return replace(self, memory=fixed["memory"]) if "memory" in fixed else self

    def in_block(self, family: Family) -> bool:
        """Whether weights are in block RAM of a family."""
        if self.memory == "auto":
            return family.prefers_block(*self.memory_shape)
        return self.memory == "block"

    @property
    def memory_shape(self) -> tuple[int, int]:
        """Bits and rows of the weight memory, which has two rows that are no weights."""
        return 2 * self.layer.rows, self.layer.columns + 2

    @classmethod
    def decision_names(cls, layers: Sequence[Layer]) -> list[str]:
        names = super().decision_names(layers)
        requantizes = only(layers, ConvLayer).thresholds is not None
        return names if requantizes else [name for name in names if name != "form"]

    @property
    def layer(self) -> ConvLayer:
        return self.layers[0]

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.inputs[0], 1),)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, self.lanes),)

    @property
    def values(self) -> StreamType:
        """Accumulator values, or logits, of all rows."""
        if self.layer.thresholds is None:
            return stream_type(self.layer.output, self.layer.rows)
        return StreamType(self.layer.rows, self.layer.accumulator_bits)

    @cached_property
    def matrix(self) -> np.ndarray:
        """Weights: int64, shape (rows, columns)."""
        return self.layer.weights.reshape(self.layer.rows, -1).astype(np.int64)

    @cached_property
    def offsets(self) -> np.ndarray:
        """What is added to the product of each row with the codes: int64."""
        raised = (2**self.layer.codes.bits - 1) * (self.matrix == -1).sum(axis=1)
        return (
            raised if self.layer.offsets is None else raised + self.layer.offsets.astype(np.int64)
        )

    @cached_property
    def row_ranges(self) -> tuple[tuple[int, int], ...]:
        """Least and largest value of each row."""
        most = self.layer.codes.max_code
        low = self.offsets - most * (self.matrix == -1).sum(axis=1)
        high = self.offsets + most * (self.matrix == 1).sum(axis=1)
        return tuple(zip(low.tolist(), high.tolist(), strict=True))

    @cached_property
    def row_bits(self) -> tuple[int, ...]:
        """Bits of the values of each row, signed if logits are."""
        if self.values.signed:
            widest = (max(high.bit_length(), (~low).bit_length()) for low, high in self.row_ranges)
            return tuple(1 + bits for bits in widest)
        return tuple(max(1, high.bit_length()) for _, high in self.row_ranges)

    def borders(self, family: Family) -> tuple[int | None, ...]:
        """For each row the sixteenth of what its accumulator holds from which on it is negative.

        Such an accumulator has a bit less than its values, and a LUT tells the sign by its four
        highest bits. None where it has all bits: the negative values and the others share a
        sixteenth, or the adder is no smaller by more than the LUT.
        """
        return tuple(
            _border(*limits, bits - 1)
            if self.values.signed and family.adder(bits) > family.adder(bits - 1) + 1
            else None
            for limits, bits in zip(self.row_ranges, self.row_bits, strict=True)
        )

    @property
    def beats(self) -> int:
        """Beats in which the outputs of a vector leave."""
        return self.layer.rows // self.lanes

    @property
    def requantizer(self) -> Requantizer | None:
        """What turns accumulator values into codes; None where logits leave."""
        layer = self.layer
        if layer.thresholds is None:
            return None
        after = alike(layer, self.form)
        stored = stored_channels(after, layer.rows, self.lanes, layer.rows, 1)
        return requantizer(layer, layer.accumulator_bits, self.form, self.lanes, stored)

    @property
    def pace(self) -> int:
        return self.layer.pixels * (self.layer.columns + ROW_LATENCY)

    @property
    def interval(self) -> int:
        busy = self.requantizer.interval if self.requantizer else 1
        return max(self.pace, self.layer.pixels * self.beats * busy)

    @property
    def price(self) -> float:
        serializer = self.values.bits * self.layer.rows if self.beats > 1 else 0
        return serializer + (self.requantizer.price if self.requantizer else 0)

    def resources(self, family: Family) -> Resources:
        control = 3 * self.layer.columns.bit_length() + 6
        rows = self.layer.rows
        borders = [border is not None for border in self.borders(family)]
        adders = map(sub, self.row_bits, borders)
        bits = sum(map(family.adder, adders)) + sum(borders)
        result = Resources(control + bits, ff=family.chains.sum * rows)
        if self.in_block(family):
            result += Resources(bram=family.block_rams(*self.memory_shape))
        else:
            result += Resources(family.rom_luts(*self.memory_shape))
        if self.beats > 1:
            result += serializer_resources(rows, self.lanes, self.values.bits, family)
        return result + (self.requantizer.resources(family) if self.requantizer else Resources())

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        values = builder.batch(builder.pipe(source, 1), self.layer.columns, ROW_LATENCY, 1)
        if self.beats > 1:
            values = builder.serializer(values, self.beats, decoupled=True)
        return (self.requantizer.stage(builder, values) if self.requantizer else values,)

    def describe(self) -> str:
        return "dense" if self.layer.pixels == 1 else "conv 1×1"

    @property
    def noun(self) -> str:
        return "dense layer" if self.layer.pixels == 1 else "convolution"


def _border(low: int, high: int, bits: int) -> int | None:
    """The sixteenth of 2^bits, modulo which they are held, where negative values begin, if any."""
    if bits < 4:
        return None
    size = 2 ** (bits - 4)
    border = -(-(high + 1) // size)
    return border if border * size <= 2**bits + low else None
