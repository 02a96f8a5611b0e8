"""Batch normalization as scale and shift of unchanged integers."""

from typing import Self

import torch
from torch import Tensor, nn

from threefold.errors import TrainingError
from threefold.network import Kept

from .batch import moments
from .slim import Slimmable, taken
from .tensor import QuantTensor

__all__ = ["Norm"]


class Norm(Slimmable):
    """Batch normalization of the value, expressed as another scale and shift of the same codes.

    In training from the statistics of the batch, with gradients through them, no matter how
    many processes share it; in evaluation from the running ones, in double precision. Narrower
    networks share slopes and biases, so that the sign of a channel is that of the whole, and have
    running statistics of their own.

    Parameters
    ----------
    channels : int
    momentum : float
        Share of the batch in the running statistics.
    eps : float
        Added to the variance.
    """

    def __init__(self, channels: int, *, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        self._channels = channels
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    @property
    def channels(self) -> int:
        """Number of channels in use."""
        return self._channels if self.part is None else self.part.used

    def slim(self, width: str, kept: Kept) -> None:
        """Normalize these channels in the narrower network ``width``.

        Raises
        ------
        TrainingError
            If they are not those of the layer.
        """
        pixels, rest = divmod(self._channels, kept.channels)
        if rest:
            raise TrainingError(
                f"a Norm of {self._channels} channels does not read {kept.channels} channels"
            )
        self.parts[width] = kept = kept.flattened(pixels)
        self.register_buffer(f"running_mean_{width}", taken(self.running_mean, kept, 0).clone())
        self.register_buffer(f"running_var_{width}", taken(self.running_var, kept, 0).clone())

    def narrow(self, width: str, like: Self, kept: Kept) -> Kept:
        self.slim(width, kept)
        return kept

    @property
    def statistics(self) -> tuple[Tensor, Tensor]:
        """Running mean and variance of the network in use, each (channels,)."""
        if self.width is None:
            return self.running_mean, self.running_var
        return tuple(getattr(self, f"running_{name}_{self.width}") for name in ("mean", "var"))

    def forward(self, x: QuantTensor) -> QuantTensor:
        """``x`` with codes (images, channels, ...) and new scale and shift, each (channels,)."""
        gain, bias = self.weight, self.bias
        if self.part is not None:
            gain, bias = taken(gain, self.part, 0), taken(bias, self.part, 0)
        if self.training:
            mean, var = self._batch_statistics(x)
        else:
            mean, var = (each.double() for each in self.statistics)
            gain, bias = gain.double(), bias.double()
        gain = gain / (var + self.eps).sqrt()
        return QuantTensor(x.codes, x.scale * gain, (x.shift - mean) * gain + bias)

    def _batch_statistics(self, x: QuantTensor) -> tuple[Tensor, Tensor]:
        var, mean, correction = moments(x.codes.float())
        var, mean = var * x.scale**2, mean * x.scale + x.shift
        with torch.no_grad():
            running_mean, running_var = self.statistics
            running_mean.lerp_(mean, self.momentum)
            running_var.lerp_(var * correction, self.momentum)
        return mean, var

    def extra_repr(self) -> str:
        return f"{self._channels}, momentum={self.momentum}, eps={self.eps}"
