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
        added = (each for at in (layer, *layer.widths) for each in (at.before, at.after))
        return gcd(super().shared_channels(layer), *added)

    @property
    def layer(self) -> PadChannelsLayer:
        return self.layers[0]

    def beats_at(self, width: int) -> tuple[int, int, int]:
        """Beats of a pixel that are added before, that enter, and that are added after.

        Parameters
        ----------
        width : int
            Width of the network; 0 is the whole.
        """
        layer = self.layer.at(width)
        channels = layer.inputs[0].shape[2]
        before, inside, after = (
            count // self.lanes for count in (layer.before, channels, layer.after)
        )
        return before, inside, after

    def resources(self, family: Family) -> Resources:
        # A multiplexer for each bit, and a counter of beats.
        return Resources(self.lanes * self.outputs[0].bits + 6)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,), (before, beats, after) = inputs, self.beats_at(builder.width)
        return (builder.pad(source, before, beats, after, self.layer.pixels),)

    def describe(self) -> str:
        return "pad channels"

    @property
    def noun(self) -> str:
        return "padding of channels"
