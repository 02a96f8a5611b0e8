"""Layers that rearrange integers and compute nothing."""

from torch import nn
from torch.nn import functional

from threefold.errors import TrainingError

from .slim import Slimmable
from .tensor import QuantTensor, flat

__all__ = ["Flatten", "PadChannels"]


class Flatten(nn.Module):
    """Maps as vectors, in the order row, column, channel, unlike :class:`torch.nn.Flatten`."""

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Vectors (images, height · width · channels)."""
        return QuantTensor(flat(x.codes), x.scale, x.shift)


class PadChannels(Slimmable):
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

    def extra_repr(self) -> str:
        return "{}, {}".format(*self._whole)


def _checked(before: int, after: int) -> tuple[int, int]:
    if min(before, after) < 0 or before + after < 1:
        raise TrainingError(
            f"channels to add must be 0 or more and 1 in all, not {before} and {after}"
        )
    return before, after
