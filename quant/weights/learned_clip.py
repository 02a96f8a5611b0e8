"""Ternary weights by normalization and a learned clip.

Li, Dong, Wang, "Additive powers-of-two quantization: an efficient non-uniform discretization for
neural networks", ICLR 2020, at two bits, as in the authors' code.
"""

import torch
from torch import Tensor, nn

from .base import SMALLEST, WeightQuantizer, over_filters
from .moments import moments

__all__ = ["LearnedClip"]

_START = 1.22  # the ternary quantizer of a normal distribution with the least squared error
_SMALLEST_CLIP = 1e-3


class LearnedClip(WeightQuantizer):
    """Normalized weights, clipped where it is learned, and rounded to one of three values.

    With mean μ and standard deviation σ of the weights, r = (w − μ) / (σα), codes are the nearest
    integers of r clipped to −1…1, half to 0. Their scale is σα. The paper leaves out σ, which the
    norm behind a layer takes away; layers without a norm keep the size of their weights so.

    For Wq = scale · codes the gradient passes straight through to all weights, and reaches α as
    σ · Σ(dL/dWq · c), with c the sign of r beyond the clip and the code − r within. μ and σ are
    constant to it.

    Parameters
    ----------
    per_filter : bool
        Mean, deviation, clip and scale of each filter, not of the layer.

    Attributes
    ----------
    clip : float tensor, shape () or (filters,)
        α, in standard deviations. It starts at 1.22. The code of the paper starts at 3, from
        trained weights; of random ones that leaves whole filters 0, whose norms divide by nothing,
        and training diverges.

    Examples
    --------
    >>> weight = torch.tensor([[0.9, 0.1, -0.2, -0.7]])
    >>> LearnedClip().eval()(weight, weight != 0)[0].detach()
    tensor([[ 1.,  0., -0., -1.]])
    """

    def __init__(self, *, per_filter: bool = False):
        super().__init__(per_filter=per_filter)
        self.clip = nn.Parameter(torch.tensor(_START))

    def start(self, weight: Tensor) -> None:
        """Set α."""
        self.learn("clip", weight.new_full(weight.shape[:1] if self.per_filter else (), _START))

    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes −1, 0, +1 and their scale; see :class:`WeightQuantizer`."""
        exact = not self.training
        with torch.no_grad():
            mean, deviation = moments(weight, mask, per_filter=self.per_filter, exact=exact)
        clip = (self.clip.double() if exact else self.clip).abs().clamp(_SMALLEST_CLIP)
        scale = deviation * clip
        codes = _Ternarize.apply(
            weight,
            mask,
            over_filters(mean, weight),
            over_filters(deviation, weight),
            over_filters(clip, weight),
        )
        return codes, scale.clamp(SMALLEST)


class _Ternarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, mask, mean, deviation, clip):
        ratio = (weight - mean) * mask / (deviation * clip)
        ctx.save_for_backward(ratio, deviation, clip)
        return ratio.clamp(-1, 1).round().to(weight.dtype)

    @staticmethod
    def backward(ctx, grad_codes):
        ratio, deviation, clip = ctx.saved_tensors
        inside = ratio.abs() <= 1
        grad_clip = -(grad_codes * ratio * inside).sum_to_size(clip.shape) / clip
        return grad_codes / (deviation * clip), None, None, None, grad_clip
