"""Unrolled layer: adders of its own for every weight, a vector a cycle."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Self

import numpy as np

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import ConvLayer, Layer, only
from ..unrolled.datapath import Datapath, datapath
from ..unrolled.graph import AdderGraph
from ..unrolled.pipeline import graph_latency
from ..unrolled.sharing import shared_graph
from ..unrolled.thresholds import Line, line_of, threshold_latency
from .block import StreamType
from .unit import Decisions, Unit, decided, stream_type

__all__ = ["UnrolledUnit"]


@dataclass(frozen=True, eq=False)
class UnrolledUnit(Unit):
    """Adder graph of a ternary dense layer or 1×1 convolution, with constants behind each row.

    All elements of a vector, or of a pixel, enter at once, and all its results leave at once.

    Parameters
    ----------
    layers : (ConvLayer,)
    levels : int
        Adders between registers.
    rounds : int
        Rounds of the search for sums that rows share; see
        :func:`~threefold.plan.unrolled.sharing.shared_graph`.

    Raises
    ------
    PlanError
        If ``levels`` is less than 1 or ``rounds`` less than 0.
    """

    layers: tuple[ConvLayer]
    levels: int = field(default=1, kw_only=True)
    rounds: int = field(default=1000, kw_only=True)

    kind = "unrolled"
    realizes = (ConvLayer,)
    paced = False
    proposed = False

    def __post_init__(self):
        if self.levels < 1:
            raise PlanError(
                f"adders between registers of {self.name!r} must be at least 1, not {self.levels}"
            )
        if self.rounds < 0:
            raise PlanError(
                f"rounds of the search for {self.name!r} must be at least 0, not {self.rounds}"
            )

    @classmethod
    def accepts(cls, layers: Sequence[Layer]) -> bool:
        if not super().accepts(layers):
            return False
        layer = only(layers, ConvLayer)
        window = layer.window
        pointwise = window.kernel == (1, 1) and window.stride == (1, 1) and not any(window.padding)
        step = layer.codes.step
        shifts = layer.offsets is None or not step & (step - 1)
        plain = layer.groups == layer.digits == 1 and not layer.widths
        return pointwise and plain and shifts

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ConvLayer)
        if cls.too_large(layer, fixed):
            return
        for levels in decided(fixed, "levels", (1,)):
            for rounds in decided(fixed, "rounds", (1000,)):
                yield cls((layer,), levels=levels, rounds=rounds)

    @staticmethod
    def too_large(layer: ConvLayer, fixed: Decisions) -> bool:
        """Whether the search leaves a layer out, since its graph alone would take it long."""
        return "kind" not in fixed and layer.nonzero_weights > _MOST_WEIGHTS

    @property
    def layer(self) -> ConvLayer:
        return self.layers[0]

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.inputs[0], self.layer.columns),)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, self.layer.rows),)

    @property
    def interval(self) -> int:
        return self.layer.pixels

    @cached_property
    def graph(self) -> AdderGraph:
        """Adders of the layer's matrix."""
        matrix = self.layer.weights.reshape(self.layer.rows, -1).astype(np.int8)
        return _graph(matrix.tobytes(), matrix.shape, self.layer.codes.max_code, self.rounds)

    def datapath(self, family: Family) -> Datapath:
        """Signals of the graph, as they are the fewest on a family."""
        codes = self.layer.codes
        free_outputs = family.masked_carry is None
        return datapath(self.graph, codes.bits, codes.max_code, free_outputs=free_outputs)

    @property
    def shift(self) -> int:
        """Power of two that logits have more than accumulator values."""
        return self.layer.codes.step.bit_length() - 1

    @cached_property
    def _raised(self) -> np.ndarray:
        """What accumulator values of each row are above its product with the codes."""
        negative = (self.layer.weights == -1).sum(axis=(1, 2, 3), dtype=np.int64)
        return (2**self.layer.codes.bits - 1) * negative

    def logit_offset(self, row: int) -> int:
        """What a logit is above the product of its row with the codes, shifted."""
        assert self.layer.offsets is not None
        return int(self.layer.offsets[row] + (self._raised[row] << self.shift))

    def product_thresholds(self, row: int) -> np.ndarray:
        """Thresholds of the product of a row with the codes: int64."""
        assert self.layer.thresholds is not None
        return self.layer.thresholds[row] - self._raised[row]

    @cached_property
    def lines(self) -> tuple[Line | None, ...]:
        """Line of the thresholds of each product, if they are on one."""
        thresholds = self.layer.thresholds
        assert thresholds is not None
        positive = (self.layer.weights == 1).sum(axis=(1, 2, 3), dtype=np.int64)
        largest = self.layer.codes.max_code * positive + self._raised
        lines = []
        for row, most, raised in zip(thresholds, largest, self._raised, strict=True):
            line = line_of(row, int(most))
            if line is not None:
                line = line._replace(offset=line.offset + int(raised))
            lines.append(line)
        return tuple(lines)

    @property
    def finish_latency(self) -> int:
        """Cycles from products to what leaves."""
        if self.layer.thresholds is None:
            return 1
        lines = all(line is not None for line in self.lines)
        return threshold_latency(self.outputs[0].bits, lines=lines)

    @property
    def latency(self) -> int:
        """Cycles from a vector to its results."""
        return graph_latency(self.graph.depth, self.levels) + self.finish_latency

    @property
    def price(self) -> float:
        return float(sum(self._row_bits))

    @property
    def _row_bits(self) -> list[int]:
        """About the bits of each row's product."""
        columns = (self.layer.weights != 0).sum(axis=(1, 2, 3))
        return [int(self.layer.codes.max_code * number).bit_length() for number in columns]

    def resources(self, family: Family) -> Resources:
        path = self.datapath(family)
        luts = path.adder_bits + path.complement_bits
        adders = sum(each.b >= 0 for each in path.sums)
        bare = (family.chains.sum + family.chains.fed) * adders
        if family.counts_bare_cells:
            bare += path.delay_bits(self.levels)
        bits = self.outputs[0].bits
        if self.layer.thresholds is None:
            upper = [max(0, width - self.layer.codes.bits) for width in self._row_bits]
            luts += sum(upper)
        else:
            for width, line in zip(self._row_bits, self.lines, strict=True):
                luts += width + 2 * bits if line else 1.2 * width * bits
        return Resources(luts, ff=bare)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (builder.pipe(source, self.latency),)

    def describe(self) -> str:
        return "dense" if self.layer.pixels == 1 else "conv 1×1"

    @property
    def noun(self) -> str:
        return "dense layer" if self.layer.pixels == 1 else "convolution"


_MOST_WEIGHTS = 4096  # whose graph takes seconds


@lru_cache(maxsize=64)
def _graph(weights: bytes, shape: tuple[int, int], largest: int, rounds: int) -> AdderGraph:
    matrix = np.frombuffer(weights, np.int8).reshape(shape)
    return shared_graph(matrix, np.full(shape[1], largest), rounds)
