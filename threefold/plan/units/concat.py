"""Concatenation: the channels of one branch, then those of another."""

from dataclasses import dataclass

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers.layer import ConcatLayer
from .stream_unit import StreamUnit

__all__ = ["ConcatUnit"]


@dataclass(frozen=True, eq=False)
class ConcatUnit(StreamUnit):
    """Two streams in turn, pixel by pixel."""

    layers: tuple[ConcatLayer]

    kind = "concat"
    realizes = (ConcatLayer,)
    i_ports = ("a", "b")

    @property
    def beats(self) -> tuple[int, int]:
        """Beats of a pixel in each input."""
        one, other = (tensor.shape[2] // self.lanes for tensor in self.layer.inputs)
        return one, other

    def resources(self, family: Family) -> Resources:
        # A multiplexer for each bit, and a counter of beats.
        return Resources(self.lanes * self.outputs[0].bits + 6)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        one, other = inputs
        return (builder.concat(one, other, self.beats),)

    def describe(self) -> str:
        return "concat"

    @property
    def noun(self) -> str:
        return "concatenation"
