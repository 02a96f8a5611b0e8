"""Serial layer: the adder graph of an unrolled one, a digit of every sum a cycle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import Self

import numpy as np

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import ConvLayer, Layer, only
from ..unrolled.pipeline import graph_latency
from ..unrolled.serial import CHAINED, SerialPath, serial_path
from .unit import Decisions, decided
from .unrolled import UnrolledUnit

__all__ = ["SerialUnit"]


@dataclass(frozen=True, eq=False)
class SerialUnit(UnrolledUnit):
    """Adder graph of a ternary dense layer or 1×1 convolution that works digit by digit.

    All elements of a vector, or of a pixel, are there until their last digit is read, and all
    results leave at once. With digits of one bit it is bit-serial.

    Parameters
    ----------
    layers : (ConvLayer,)
    digit : int
        Bits of every sum that are computed in a cycle.
    levels, rounds
        As in :class:`~threefold.plan.units.unrolled.UnrolledUnit`.

    Raises
    ------
    PlanError
        If ``digit`` or ``levels`` is less than 1 or ``rounds`` less than 0.
    """

    digit: int = field(default=2, kw_only=True)

    kind = "serial"

    def __post_init__(self):
        super().__post_init__()
        if self.digit < 1:
            raise PlanError(f"digits of {self.name!r} must have at least 1 bit, not {self.digit}")

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ConvLayer)
        if cls.too_large(layer, fixed):
            return
        digits = (2,) if "kind" in fixed else (1, 2, 4)
        for digit in decided(fixed, "digit", digits):
            for levels in decided(fixed, "levels", (1,)):
                for rounds in decided(fixed, "rounds", (1000,)):
                    yield cls((layer,), digit=digit, levels=levels, rounds=rounds)

    @property
    def digits(self) -> int:
        """Digits of a product: the cycles that a vector takes."""
        return ceil(self.product_bits / self.digit)

    @cached_property
    def product_bits(self) -> int:
        """Bits of the largest product, or logit, and of its sign."""
        codes, layer = self.layer.codes, self.layer
        if layer.offsets is not None:
            return max(self.outputs[0].bits - self.shift, codes.bits + 1)
        low = codes.max_code * (layer.weights == -1).sum(axis=(1, 2, 3))
        high = codes.max_code * (layer.weights == 1).sum(axis=(1, 2, 3))
        most = max(int(high.max()), int(low.max()) - 1, codes.max_code)
        return 1 + most.bit_length()

    @cached_property
    def path(self) -> SerialPath:
        """Signals of the graph."""
        offsets = np.zeros(self.layer.rows, np.int64)
        if self.layer.offsets is not None and not self.shift:
            offsets = np.array([self.logit_offset(row) for row in range(self.layer.rows)])
        return serial_path(self.graph, offsets)

    @property
    def adds_constants(self) -> bool:
        """Whether a constant is added to some row."""
        return any(each.constant for each in self.path.outputs)

    @property
    def interval(self) -> int:
        return self.layer.pixels * self.digits

    @property
    def graph_cycles(self) -> int:
        """Cycles from a digit of a vector to that of its products: one to select it, first."""
        return 1 + self.sums_cycles

    @property
    def sums_cycles(self) -> int:
        """Cycles from a digit that is selected to that of its products."""
        return graph_latency(self.graph.depth, self.levels) + self.adds_constants

    @property
    def finish_latency(self) -> int:
        """Cycles from products to what leaves: none where logits are the products."""
        if self.layer.thresholds is None:
            return 1 if self.shift else 0
        return super().finish_latency

    @property
    def latency(self) -> int:
        """Cycles from the last digit of a vector to its results."""
        return self.graph_cycles + 1 + self.finish_latency

    def resources(self, family: Family) -> Resources:
        bits, rows = self.layer.codes.bits, self.layer.rows
        selected = ceil(bits / self.digit)
        select = self.layer.columns * self.digit * (0.7 * selected if selected > 1 else 1)
        constants = sum(each.constant != 0 for each in self.path.outputs)
        adders = len(self.path.sums) + 1.5 * constants
        luts = select + self._adder_luts(family) * adders + 8
        bare = 0.0
        if family.counts_bare_cells:
            bare = float(rows * self.digit * self.digits + self.digit * len(self.path.sums) / 2)
        result = Resources(luts, ff=bare)
        if self.layer.thresholds is not None:
            width, code = self.product_bits, self.outputs[0].bits
            for line in self.lines:
                result += Resources(width + 2 * code if line else 1.2 * width * code)
        return result

    def _adder_luts(self, family: Family) -> float:
        """LUTs of an adder, with the complements of some addends where they take LUTs."""
        if family.masked_carry and self.digit > 1:
            return family.carry_bits * ceil((self.digit + 2) / family.carry_bits)
        return 1.25 * self.digit + 2 if self.digit >= CHAINED else 2 * self.digit

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        read = builder.pad(source, self.digits - 1, 1, 0, self.layer.pixels)
        values = builder.deserializer(builder.pipe(read, self.graph_cycles), self.digits)
        return (builder.pipe(values, self.finish_latency) if self.finish_latency else values,)
