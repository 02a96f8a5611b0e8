"""Joins of branches: integers of a common scale, added or side by side."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import nn

from threefold.errors import TrainingError

from .quantize import Quantizer
from .tensor import QuantTensor
from .values import values_are_seen

__all__ = ["Concat", "Join", "Residual"]


class Join(ABC, nn.Module):
    """Two branches that read the same tensor; the shortcut's scale is that of both.

    Parameters
    ----------
    body : sequence of nn.Module
        Layers whose results are still to be quantized.
    shortcut : sequence of nn.Module
        Layers that give integers of one scale; none of them is the identity.
    quantize : Quantizer, optional
        Gives the body's results the shortcut's scale, such as :class:`QuantizeLike`. Left out
        where they have it anyway.
    """

    def __init__(
        self,
        body: Sequence[nn.Module],
        shortcut: Sequence[nn.Module] = (),
        quantize: Quantizer | None = None,
    ):
        super().__init__()
        self.shortcut = nn.Sequential(*shortcut)
        self.body = nn.Sequential(*body)
        self.quantize = quantize

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Both branches of ``x`` in one."""
        shortcut, body = self.shortcut(x), self.body(x)
        if self.quantize is not None:
            body = self.quantize(body, shortcut)
        elif values_are_seen() and not torch.equal(shortcut.scale, body.scale):
            raise TrainingError(
                f"the branches of a {type(self).__name__} need one scale; give it a QuantizeLike"
            )
        return QuantTensor(self.join(shortcut.codes, body.codes), shortcut.scale, shortcut.shift)

    @abstractmethod
    def join(self, shortcut: torch.Tensor, body: torch.Tensor) -> torch.Tensor:
        """Integers out of those of both."""


class Residual(Join):
    """Sums of a shortcut and a body, as integers; see :class:`Join`."""

    def join(self, shortcut: torch.Tensor, body: torch.Tensor) -> torch.Tensor:
        """Sums, where the shapes are equal."""
        if shortcut.shape != body.shape:
            raise TrainingError(
                f"a residual adds equal shapes, not {_shape(shortcut)} and {_shape(body)}"
            )
        return shortcut + body


class Concat(Join):
    """Channels of a shortcut, then those of a body; see :class:`Join`."""

    def join(self, shortcut: torch.Tensor, body: torch.Tensor) -> torch.Tensor:
        """Channels side by side, where heights and widths are equal."""
        if shortcut.shape[2:] != body.shape[2:]:
            raise TrainingError(
                f"maps side by side need one height and width, not {_shape(shortcut)} "
                f"and {_shape(body)}"
            )
        return torch.cat((shortcut, body), dim=1)


def _shape(maps: torch.Tensor) -> str:
    """Of one image, as everywhere: height, width, channels."""
    channels, *pixels = maps.shape[1:]
    return "×".join(map(str, [*pixels, channels]))
