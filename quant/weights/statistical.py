"""Ternary weights by statistical weight scaling.

He, Gong, Fan, "Optimize deep convolutional neural network with ternarized weights and high
accuracy", WACV 2019, as in the authors' code.
"""

import torch
from torch import Tensor

from threefold.errors import TrainingError

from .base import SMALLEST, WeightQuantizer, exact_sum, over_filters, within_one

__all__ = ["RATIO", "Statistical"]

RATIO = 0.05
"""The threshold of the paper, as a share of the largest weight."""


class Statistical(WeightQuantizer):
    """Threshold and scale from the weights themselves; nothing more is learned.

    With D = ratio · max|w|, a weight becomes +1 where w ≥ D, −1 where w < −D, otherwise 0; the
    scale is the mean of |w| over |w| ≥ D. The gradient passes straight through to weights
    within (−1, 1): dL/dw = dL/dWq · 1[|w| < 1] for Wq = scale · codes. None passes through
    the scale or D.

    Parameters
    ----------
    ratio : float
        Threshold as a share of the largest magnitude, 0…1.
    per_filter : bool
        Largest magnitude, threshold and scale of each filter, not of the layer.

    Raises
    ------
    TrainingError
        If ``ratio`` is out of range.

    Examples
    --------
    >>> weight = torch.tensor([0.9, 0.04, -0.3, -0.01])
    >>> Statistical()(weight, torch.ones(4, dtype=torch.bool))
    (tensor([ 1.,  0., -1., -0.]), tensor(0.6000, dtype=torch.float64))
    """

    def __init__(self, ratio: float = RATIO, *, per_filter: bool = False):
        super().__init__(per_filter=per_filter)
        if not 0 <= ratio <= 1:
            raise TrainingError(f"a threshold is a share of 0…1 of the largest weight, not {ratio}")
        self.ratio = ratio

    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes −1, 0, +1 and their scale; see :class:`WeightQuantizer`."""
        return _Ternarize.apply(weight, self.ratio, self.per_filter)

    def extra_repr(self) -> str:
        return f"ratio={self.ratio}, {super().extra_repr()}"


class _Ternarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, ratio, per_filter):
        magnitude = weight.abs()
        largest = magnitude.flatten(1).amax(1) if per_filter else magnitude.max()
        threshold = over_filters(ratio * largest, weight)
        large = (magnitude >= threshold) & (magnitude > 0)
        codes = weight.sign() * (large & (weight != -threshold))
        count = large.flatten(1).sum(1) if per_filter else large.sum()
        scale = exact_sum(magnitude * large, per_filter).clamp(min=SMALLEST) / count.clamp(min=1)
        ctx.save_for_backward(weight, scale)
        ctx.mark_non_differentiable(scale)
        return codes, scale

    @staticmethod
    def backward(ctx, grad_codes, _):
        return within_one(grad_codes, *ctx.saved_tensors), None, None
