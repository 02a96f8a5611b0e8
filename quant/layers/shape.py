"""Layers that move integers and compute nothing: maps as vectors, more channels."""

from typing import ClassVar, Self

from torch.nn import functional

from threefold import network
from threefold.errors import TrainingError
from threefold.network import Kept

from .rearrangement import Rearrangement
from .slim import Slimmable
from .tensor import QuantTensor, flat

__all__ = ["Flatten", "PadChannels"]


class Flatten(Rearrangement):
    """Maps as vectors, in the order row, column, channel, unlike :class:`torch.nn.Flatten`."""

    node: ClassVar[str] = "flatten"

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Vectors (images, height · width · channels)."""
        return QuantTensor(flat(x.codes), x.scale, x.shift)

    def operation(self, height: int, width: int) -> network.Flatten:
        return network.Flatten()


class PadChannels(Rearrangement, Slimmable):
    """Channels of value 0 in front and behind, as in option-A shortcuts.

    Parameters
    ----------
    before, after : int
        How many; at least one in all.

    Raises
    ------
    TrainingError
        If a number is negative, or both are 0.
    """

    node: ClassVar[str] = "pad"
    pads: ClassVar[bool] = True
    keeps_codes: ClassVar[bool] = True

    def __init__(self, before: int, after: int):
        super().__init__()
        self._whole = _checked(before, after)

    def slim(self, width: str, before: int, after: int) -> None:
        """Add so many in the narrower network ``width``.

        Raises
        ------
        TrainingError
            As for the layer.
        """
        self.parts[width] = _checked(before, after)

    def narrow(self, width: str, like: Self, kept: Kept) -> Kept:
        added = like.before + like.after
        before = min(self.before, added)  # channels keep their places where there is room
        self.slim(width, before, added - before)
        return Kept.first(self.before + kept.channels + self.after, added + kept.used)

    @property
    def before(self) -> int:
        """Channels in front, in the network in use."""
        return (self.part or self._whole)[0]

    @property
    def after(self) -> int:
        """Channels behind, in the network in use."""
        return (self.part or self._whole)[1]

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Maps with more channels; ``x`` must have one scale for all, and shift 0."""
        around = [0, 0] * (x.codes.ndim - 2)
        codes = functional.pad(x.codes, (*around, self.before, self.after))
        return QuantTensor(codes, x.scale, x.shift)

    def operation(self, height: int, width: int) -> network.PadChannels:
        return network.PadChannels(self.before, self.after)

    def extra_repr(self) -> str:
        return "{}, {}".format(*self._whole)


def _checked(before: int, after: int) -> tuple[int, int]:
    if min(before, after) < 0 or before + after < 1:
        raise TrainingError(
            f"channels to add must be 0 or more and 1 in all, not {before} and {after}"
        )
    return before, after
