"""Binary weights with a scale that is learned.

Xu, Cheung, "Accurate and compact convolutional neural networks with trained binarization",
BMVC 2019.
"""

import torch
from torch import Tensor, nn

from .base import SMALLEST, WeightQuantizer

__all__ = ["Binary", "tight_sign"]


class Binary(WeightQuantizer):
    """Signs, that of 0 being +1, and a scale that is learned.

    The scale is the magnitude of a parameter, which a step across 0 does not stop from learning.
    For Wq = scale · codes, dL/dw = dL/dWq · scale · H(w) with the derivative of
    :func:`tight_sign`.

    Parameters
    ----------
    per_filter : bool
        A scale for each filter, not for the layer.

    Attributes
    ----------
    scale : float tensor, shape () or (filters,)
        The parameter. It starts at the mean magnitude of the weights that are not 0, which makes
        the error least (Rastegari et al., "XNOR-Net", ECCV 2016).

    Examples
    --------
    >>> weight = torch.tensor([[0.5, -0.25, 0.0, -0.75]])
    >>> binary = Binary()
    >>> binary.start(weight)
    >>> binary(weight, torch.ones_like(weight, dtype=torch.bool))[0]
    tensor([[ 1., -1.,  1., -1.]])
    """

    def __init__(self, *, per_filter: bool = False):
        super().__init__(per_filter=per_filter)
        self.scale = nn.Parameter(torch.ones(()))

    def start(self, weight: Tensor) -> None:
        """Set the scale to the mean magnitude."""
        magnitude = weight.abs().flatten(1) if self.per_filter else weight.abs().reshape(1, -1)
        mean = magnitude.sum(1) / magnitude.count_nonzero(1).clamp(min=1)
        self.learn("scale", mean if self.per_filter else mean[0])

    def learned_scales(self) -> list[nn.Parameter]:
        """The scale."""
        return [self.scale]

    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes −1, +1, and 0 where pruned, and their scale; see :class:`WeightQuantizer`."""
        scale = self.scale if self.training else self.scale.double()
        return tight_sign(weight) * mask, scale.abs().clamp(SMALLEST)


def tight_sign(x: Tensor) -> Tensor:
    """Signs −1 and +1 of ``x``, that of 0 being +1, with a derivative to learn from.

    The derivative is H(x) = 2 − 4|x| for |x| ≤ 0.4, then 0.4 up to |x| = 1, and 0 beyond.
    """
    return _TightSign.apply(x)


class _TightSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        size = x.abs()
        return grad * torch.where(size <= 0.4, 2 - 4 * size, 0.4 * (size <= 1))
