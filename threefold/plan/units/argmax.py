"""Arg-max: the index of the largest channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import Layer, only
from ..layers.layer import ArgMaxLayer
from .block import StreamType, Tap
from .unit import Decisions, Unit, stream_type

__all__ = ["ArgMaxUnit"]


@dataclass(frozen=True, eq=False)
class ArgMaxUnit(Unit):
    """A comparison of channels, one a cycle, at the end of a classifier."""

    layers: tuple[ArgMaxLayer]

    kind = "argmax"
    realizes = (ArgMaxLayer,)

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        yield cls((only(layers, ArgMaxLayer),))

    @property
    def layer(self) -> ArgMaxLayer:
        return self.layers[0]

    @property
    def instance(self) -> str:
        return self.kind  # there is one, at the end

    def input_label(self, index: int) -> str:
        return f"{index}_{self.kind}"

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.inputs[0], 1),)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, 1),)

    @property
    def interval(self) -> int:
        return self.layer.inputs[0].size

    @property
    def taps(self) -> tuple[Tap, ...]:
        return ()  # what leaves it leaves the accelerator, and is compared there

    def resources(self, family: Family) -> Resources:
        bits, index = self.inputs[0].bits, self.outputs[0].bits
        # A comparator, the largest logit so far, its index, and the one that leaves.
        bare = 2 * bits + 2 * index + 1 if family.counts_bare_cells else family.chains.comparison
        return Resources(2.5 * bits + 4 * index, ff=bare)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (builder.argmax(source, self.layer.inputs[0].shape[2]),)

    def describe(self) -> str:
        return "arg-max"

    @property
    def noun(self) -> str:
        return "arg-max"
