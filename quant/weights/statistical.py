"""Ternary weights by statistical weight scaling.

He, Gong, Fan, "Optimize deep convolutional neural network with ternarized weights and high
accuracy", WACV 2019, as in the authors' code.
"""

import torch
from torch import Tensor

__all__ = ["RATIO", "ternarize"]

RATIO = 0.05
"""The threshold of the paper, as a share of the largest weight."""

_UNIT = 2.0**-36  # of the fixed-point sum below: room for 2²⁷ weights of size 1


def ternarize(weight: Tensor, ratio: float = RATIO) -> tuple[Tensor, Tensor]:
    """Ternary codes of ``weight`` and their common scale.

    With D = ratio · max|w|, a weight becomes +1 where w ≥ D, −1 where w < −D, otherwise 0; the
    scale is the mean of |w| over |w| ≥ D. The gradient passes straight through to weights
    within (−1, 1): dL/dw = dL/dWq · 1[|w| < 1] for Wq = scale · codes. None passes through
    the scale or D.

    Parameters
    ----------
    weight : float tensor, any shape
        Latent weights.
    ratio : float
        Threshold as a share of the largest magnitude, 0…1.

    Returns
    -------
    codes : float tensor of the shape of ``weight``
        Exactly −1, 0, +1.
    scale : float64 tensor, shape ()
        Positive, and the same on every device.

    Examples
    --------
    >>> ternarize(torch.tensor([0.9, 0.04, -0.3, -0.01]))
    (tensor([ 1.,  0., -1.,  0.]), tensor(0.6000, dtype=torch.float64))
    """
    return _Ternarize.apply(weight, ratio)


class _Ternarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, ratio):
        magnitude = weight.abs()
        threshold = ratio * magnitude.max()
        large = (magnitude >= threshold) & (magnitude > 0)
        codes = weight.sign() * (large & (weight != -threshold))
        # A sum of floats depends on its order and so on device and threads; of integers, not.
        units = (magnitude.double() * large / _UNIT).round().to(torch.int64).sum().clamp(min=1)
        scale = units.double() * _UNIT / large.sum().clamp(min=1)
        ctx.save_for_backward(magnitude < 1, scale)
        ctx.mark_non_differentiable(scale)
        return codes, scale

    @staticmethod
    def backward(ctx, grad_codes, _):
        passed, scale = ctx.saved_tensors
        return grad_codes / scale.to(grad_codes.dtype) * passed, None
