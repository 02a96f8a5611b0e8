"""Ternary weights by a truncated Gaussian approximation.

He, Fan, "Simultaneously optimizing weight and quantizer of ternary neural network using truncated
Gaussian approximation", CVPR 2019, as in the authors' code.
"""

import math

import torch
from torch import Tensor, nn

from .base import SMALLEST, WeightQuantizer, over_filters
from .moments import moments
from .statistical import RATIO

__all__ = ["TruncatedGaussian", "hazard"]

_WIDEST = 3.0  # threshold in standard deviations


class TruncatedGaussian(WeightQuantizer):
    """The threshold is learned; the scale follows from it, as if weights were Gaussian.

    With mean μ and standard deviation σ of the weights, d = min(|δ|, 3σ) and z = d / σ, the
    codes T are sign(w − μ) where |w − μ| > d, otherwise 0. Their scale is the mean of the part of
    the Gaussian beyond d, a = μ + σ·λ(z) with λ of :func:`hazard`. Where a is negative, −T and −a
    mean the same.

    For Wq = a · T the gradient passes straight through to all weights, and through a to μ, σ and
    δ: dL/dδ = sign(δ) · Σ(dL/dWq · T) · λ(λ − z), which is 0 where d = 3σ.

    Parameters
    ----------
    per_filter : bool
        Mean, deviation, threshold and scale of each filter, not of the layer.

    Attributes
    ----------
    delta : float tensor, shape () or (filters,)
        δ, which starts at 0.05 of the largest weight.

    Examples
    --------
    >>> weight = torch.tensor([[0.9, 0.1, -0.4, -0.6]])
    >>> tga = TruncatedGaussian().eval()
    >>> tga.start(weight)
    >>> tga(weight, weight != 0)[0]
    tensor([[ 1.,  1., -1., -1.]])
    """

    def __init__(self, *, per_filter: bool = False):
        super().__init__(per_filter=per_filter)
        self.delta = nn.Parameter(torch.zeros(()))

    def start(self, weight: Tensor) -> None:
        """Set δ to 0.05 of the largest magnitude."""
        magnitude = weight.abs()
        largest = magnitude.flatten(1).amax(1) if self.per_filter else magnitude.max()
        self.learn("delta", RATIO * largest)

    def learned_thresholds(self) -> list[nn.Parameter]:
        """δ."""
        return [self.delta]

    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes −1, 0, +1 and their scale; see :class:`WeightQuantizer`."""
        exact = not self.training
        mean, deviation = moments(weight, mask, per_filter=self.per_filter, exact=exact)
        delta = self.delta.double() if exact else self.delta
        distance = torch.minimum(delta.abs(), _WIDEST * deviation.detach())
        z = distance / deviation
        scale = mean + deviation * (hazard(z) if exact else _learned_hazard(z))
        codes = _Ternarize.apply(
            weight, mask, *(over_filters(each.detach(), weight) for each in (mean, distance, scale))
        )
        return codes, scale.abs().clamp(SMALLEST)


def hazard(z: Tensor) -> Tensor:
    """λ(z) = φ(z) / (1 − Φ(z)) of the standard normal distribution, for 0 ≤ z ≤ 3.

    1/λ is Mills' ratio M; as M′ = zM − 1, its power series has m₀ = √(π/2), m₁ = −1 and
    mₙ = mₙ₋₂ / n. Summed by multiplications and additions alone, the same on every machine, unlike
    ``exp`` and ``erfc``.

    Parameters
    ----------
    z : double tensor of any shape

    Returns
    -------
    double tensor of that shape
        To 12 digits.
    """
    total = torch.zeros_like(z)
    for coefficient in reversed(_MILLS):
        total = total * z + coefficient
    return 1 / total


def _mills(terms: int) -> list[float]:
    series = [math.sqrt(math.pi / 2), -1.0]
    for n in range(2, terms):
        series.append(series[n - 2] / n)
    return series


_MILLS = _mills(72)


def _learned_hazard(z: Tensor) -> Tensor:
    """As :func:`hazard`, fast and with gradients."""
    return math.sqrt(2 / math.pi) * (-z.square() / 2).exp() / torch.erfc(z / math.sqrt(2))


class _Ternarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, mask, mean, distance, scale):
        apart = weight - mean
        ctx.save_for_backward(scale.abs().clamp(SMALLEST))
        signs = torch.where(scale < 0, -apart, apart).sign()
        return (signs * ((apart.abs() > distance) & mask)).to(weight.dtype)

    @staticmethod
    def backward(ctx, grad_codes):
        (scale,) = ctx.saved_tensors
        return grad_codes / scale, None, None, None, None
