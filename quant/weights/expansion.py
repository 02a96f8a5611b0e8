"""Weights of several levels by residual expansion.

He, Gong, Fan, "Optimize deep convolutional neural network with ternarized weights and high
accuracy", WACV 2019: branches that ternarize the same weights with rising thresholds, added up.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from threefold.errors import TrainingError

from .base import SMALLEST, WeightQuantizer, exact_sum, over_filters, within_one

__all__ = ["Expanded"]

_LARGEST = 16  # each level more is a pass more over the inputs


class Expanded(WeightQuantizer):
    """Sums of ternary branches, whose scales have integer ratios, so that one accumulator does.

    With D_k = t_k · max|w|, the codes T_k of branch k are +1 where w ≥ D_k, −1 where w < −D_k,
    otherwise 0, as in :class:`Statistical`, and the codes of all are M = Σ r_k·T_k. In the paper
    each branch has a scale of its own, and no integers can stand for their sum. Here all have one,
    a, that of least squares between w and a·M: a = Σ w·M / Σ M². Of a single branch that is the
    paper's mean of |w| over survivors, and the magnitude of a·M is that of w however many there
    are. The gradient passes straight through to weights within (−1, 1):
    dL/dw = dL/dWq · 1[|w| < 1] for Wq = a·M. None passes through a or D_k.

    Parameters
    ----------
    thresholds : sequence of float
        t_k of each branch, rising, 0…1; the paper has .05, .10 and .05, .10, .15, .20.
    ratios : sequence of int, optional
        r_k of each branch, at least 1, their sum at most 16; 1 each if left out.
    per_filter : bool
        Largest magnitude, thresholds and scale of each filter, not of the layer.

    Raises
    ------
    TrainingError
        If thresholds do not rise within 0…1, or ratios are out of range or not one for each.

    Examples
    --------
    >>> weight = torch.tensor([0.9, 0.08, -0.3, -0.01])
    >>> Expanded()(weight, torch.ones(4, dtype=torch.bool))
    (tensor([ 2.,  1., -2., -0.]), tensor(0.2756, dtype=torch.float64))
    """

    def __init__(
        self,
        thresholds: Sequence[float] = (0.05, 0.10),
        ratios: Sequence[int] | None = None,
        *,
        per_filter: bool = False,
    ):
        super().__init__(per_filter=per_filter)
        self.thresholds = tuple(thresholds)
        self.ratios = (1,) * len(self.thresholds) if ratios is None else tuple(ratios)
        rising = sorted({t for t in self.thresholds if 0 <= t <= 1})
        if not rising or tuple(rising) != self.thresholds:
            raise TrainingError(
                f"thresholds of branches are rising shares of 0…1 of the largest weight, "
                f"not {self.thresholds}"
            )
        if len(self.ratios) != len(self.thresholds):
            raise TrainingError(
                f"{len(self.thresholds)} branches need as many ratios, not {self.ratios}"
            )
        integers = all(isinstance(ratio, int) and ratio >= 1 for ratio in self.ratios)
        if not integers or sum(self.ratios) > _LARGEST:
            raise TrainingError(
                f"ratios of branches are integers from 1 with a sum of at most {_LARGEST}, "
                f"not {self.ratios}"
            )
        self.largest = sum(self.ratios)

    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes M and their scale a; see :class:`WeightQuantizer`."""
        return _Expand.apply(weight, self.thresholds, self.ratios, self.per_filter)

    def extra_repr(self) -> str:
        return f"thresholds={self.thresholds}, ratios={self.ratios}, {super().extra_repr()}"


class _Expand(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, thresholds, ratios, per_filter):
        magnitude = weight.abs()
        largest = magnitude.flatten(1).amax(1) if per_filter else magnitude.max()
        levels = torch.zeros_like(weight)
        for share, ratio in zip(thresholds, ratios, strict=True):
            threshold = over_filters(share * largest, weight)
            levels += ratio * ((magnitude >= threshold) & (weight != -threshold))
        codes = weight.sign() * levels
        squares = codes.double().square()  # integers, whose sum is exact in any order
        squares = squares.flatten(1).sum(1) if per_filter else squares.sum()
        products = exact_sum(weight.double() * codes, per_filter)
        scale = products.clamp(min=SMALLEST) / squares.clamp(min=1)
        ctx.save_for_backward(weight, scale)
        ctx.mark_non_differentiable(scale)
        return codes, scale

    @staticmethod
    def backward(ctx, grad_codes, _):
        return within_one(grad_codes, *ctx.saved_tensors), None, None, None
