"""Stream units: channels pass without a buffer, some lanes at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import Self

from ..layers import Layer
from ..schedule import divisors
from .block import StreamType
from .unit import Decisions, Unit, decided, require_lanes, stream_type

__all__ = ["StreamUnit"]


@dataclass(frozen=True, eq=False)
class StreamUnit(Unit):
    """A unit of one layer that passes beats on as they come.

    Parameters
    ----------
    layers : (Layer,)
    lanes : int
        Channels that pass at once, a divisor of the channels of inputs and output.

    Raises
    ------
    PlanError
        If the lanes do not divide the channels.
    """

    lanes: int = 1

    def __post_init__(self):
        require_lanes(self, self.shared_channels(self.layer))

    @classmethod
    def shared_channels(cls, layer: Layer) -> int:
        """Number that the lanes must divide: by default common to channels of inputs and output."""
        return gcd(layer.channels, *(tensor.shape[2] for tensor in layer.inputs))

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        for lanes in decided(fixed, "lanes", divisors(cls.shared_channels(layers[0]))):
            yield cls(layers, lanes)

    @property
    def layer(self) -> Layer:
        return self.layers[0]

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return tuple(stream_type(tensor, self.lanes) for tensor in self.layer.inputs)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (stream_type(self.layer.output, self.lanes),)

    @property
    def interval(self) -> int:
        return self.layer.output.size // self.lanes
