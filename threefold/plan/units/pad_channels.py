"""Padding of channels: channels of value 0 around those of the input."""

from dataclasses import dataclass
from math import gcd

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers.layer import PadChannelsLayer
from .stream_unit import StreamUnit

__all__ = ["PadChannelsUnit"]


@dataclass(frozen=True, eq=False)
class PadChannelsUnit(StreamUnit):
    """A stream with further beats in each pixel."""

    layers: tuple[PadChannelsLayer]

    kind = "pad_channels"
    realizes = (PadChannelsLayer,)

    @classmethod
    def shared_channels(cls, layer: PadChannelsLayer) -> int:
        """Number that the lanes must divide: common to channels of the input and those added."""
        return gcd(super().shared_channels(layer), layer.before, layer.after)

    @property
    def layer(self) -> PadChannelsLayer:
        return self.layers[0]

    @property
    def beats(self) -> tuple[int, int, int]:
        """Beats of a pixel that are added before, that enter, and that are added after."""
        channels = self.layer.inputs[0].shape[2]
        before, inside, after = (
            count // self.lanes for count in (self.layer.before, channels, self.layer.after)
        )
        return before, inside, after

    def resources(self, family: Family) -> Resources:
        # A multiplexer for each bit, and a counter of beats.
        return Resources(self.lanes * self.outputs[0].bits + 6)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,), (before, beats, after) = inputs, self.beats
        return (builder.pad(source, before, beats, after),)

    def describe(self) -> str:
        return "pad channels"

    @property
    def noun(self) -> str:
        return "padding of channels"
