"""Pool: the largest code of each window, or the sum of its codes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Self

import numpy as np

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..latency import POOL_LATENCY, READER_LATENCY
from ..layers import Layer, only
from ..layers.layer import PoolLayer
from ..program import Program
from ..schedule import divisors
from ..window import Walk, Window
from .block import StreamType
from .unit import Decisions, decided, require_lanes, stream_type
from .window_unit import WindowUnit, shown_pair, shown_window, smooth_depth

__all__ = ["PoolUnit"]


@dataclass(frozen=True, eq=False)
class PoolUnit(WindowUnit):
    """A pooling engine.

    Parameters
    ----------
    layers : (PoolLayer,)
    lanes : int
        Channels worked on at once.
    depth, memory
        As in :class:`WindowUnit`.
    """

    layers: tuple[PoolLayer]
    lanes: int = 1

    kind = "pool"
    realizes = (PoolLayer,)

    def __post_init__(self):
        require_lanes(self, self.layer.channels)
        self.settle()

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, PoolLayer)
        for lanes in decided(fixed, "lanes", divisors(layer.channels)):
            yield cls((layer,), lanes)

    @property
    def layer(self) -> PoolLayer:
        return self.layers[0]

    @property
    def window(self) -> Window:
        return self.layer.window

    @cached_property
    def program(self) -> Program:
        """The words of a window in the order they are read: channel after channel."""
        pitch = self.layer.channels // self.lanes
        height, width = self.window.kernel
        word, row, column = np.indices((pitch, height, width)).reshape(3, -1)
        last = np.append(word[1:] != word[:-1], True)
        return Program(row, column * pitch + word, last, height, width * pitch)

    @cached_property
    def walk(self) -> Walk:
        return self.window.walk(self.layer.channels // self.lanes)

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.inputs[0], self.lanes),)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, self.lanes),)

    @property
    def interval(self) -> int:
        return self.input_cycles

    def at_interval(self, cycles: int) -> Self:
        return replace(self, depth=smooth_depth(self.walk, cycles))

    def resources(self, family: Family) -> Resources:
        bits = self.outputs[0].bits
        ends = family.chains.comparison if bits >= family.chains.least else 0
        reducer = Resources(self.lanes * (family.adder(bits) + bits), ff=self.lanes * ends)
        return reducer + self.reader_resources(family)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        latency, single = READER_LATENCY + POOL_LATENCY, self.memory == "spram"
        return (
            builder.array(
                source, self.walk, self.program, latency=latency, depth=self.depth, single=single
            ),
        )

    def describe(self) -> str:
        if prod(self.window.kernel) == 1:
            return f"subsample, stride {shown_pair(self.window.stride)}"
        name = "sum pool" if self.layer.sums else "max pool"
        return shown_window(name, self.window, self.window.kernel)

    @property
    def noun(self) -> str:
        return "pool"
