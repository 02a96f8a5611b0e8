"""Batch normalization that leaves integers alone."""

import torch
from torch import Tensor, nn

from .batch import moments
from .tensor import QuantTensor

__all__ = ["Norm"]


class Norm(nn.Module):
    """Batch normalization of the value, expressed as another scale and shift of the same codes.

    In training from the statistics of the batch, with gradients through them, no matter how
    many processes share it; in evaluation from the running ones, in double precision.

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
        self.channels = channels
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: QuantTensor) -> QuantTensor:
        """``x`` with codes (images, channels, ...) and new scale and shift, each (channels,)."""
        if self.training:
            mean, var = self._batch_statistics(x)
            gain, bias = self.weight, self.bias
        else:
            mean, var = self.running_mean.double(), self.running_var.double()
            gain, bias = self.weight.double(), self.bias.double()
        gain = gain / (var + self.eps).sqrt()
        return QuantTensor(x.codes, x.scale * gain, (x.shift - mean) * gain + bias)

    def _batch_statistics(self, x: QuantTensor) -> tuple[Tensor, Tensor]:
        var, mean, correction = moments(x.codes.float())
        var, mean = var * x.scale**2, mean * x.scale + x.shift
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * correction, self.momentum)
        return mean, var

    def extra_repr(self) -> str:
        return f"{self.channels}, momentum={self.momentum}, eps={self.eps}"
