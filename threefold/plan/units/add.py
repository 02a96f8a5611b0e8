"""Addition: two branches, code by code."""

from dataclasses import dataclass

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers.layer import AddLayer
from .stream_unit import StreamUnit

__all__ = ["AddUnit"]


@dataclass(frozen=True, eq=False)
class AddUnit(StreamUnit):
    """A sum of two streams."""

    layers: tuple[AddLayer]

    kind = "add"
    realizes = (AddLayer,)
    i_ports = ("a", "b")

    def resources(self, family: Family) -> Resources:
        bits = self.outputs[0].bits
        ends = family.chains.comparison if bits >= family.chains.least else 0
        return Resources(self.lanes * family.adder(bits), ff=self.lanes * ends)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        one, other = inputs
        return (builder.add(one, other),)

    def describe(self) -> str:
        return "add"

    @property
    def noun(self) -> str:
        return "addition"
