"""Integer weights with a step that is learned.

Esser, McKinstry, Bablani, Appuswamy, Modha, "Learned step size quantization", ICLR 2020.
"""

import math

import torch
from torch import Tensor, nn

from threefold.errors import TrainingError

from .base import SMALLEST, WeightQuantizer, over_filters

__all__ = ["BITS", "USUAL_BITS", "LearnedStep"]

BITS = 2, 8
"""The fewest and the most bits of integer weights."""

USUAL_BITS = 4
"""Their width if none is given."""

_CLIPS = 16  # that are tried for the start
_SMALLEST_GAIN = 1e-3


class LearnedStep(WeightQuantizer):
    """Integers of 2 to 8 bits, the nearest multiples of a step.

    With step s and Q = 2^(bits − 1) − 1, codes are the nearest integers of w / s clipped to −Q…Q,
    half to even; their scale is s. The range of the paper has −Q − 1 as well. Without it, negated
    weights are weights, which export needs, and they take bits − 1 ternary digits, not ``bits``.

    For Wq = s · codes the gradient passes straight through to weights within the clip, and reaches
    s as Σ(dL/dWq · c) / √(weights of s · Q), with c the code − w / s within the clip and the code
    beyond, as in the paper. What is learned is the factor by which s differs from what it started
    as: moved by SGD, s is that of the paper; Adam moves every parameter by as much, and so s by a
    share of itself, however small it is.

    Parameters
    ----------
    bits : int
        2 to 8. Of 2 bits are −1, 0 and +1.
    per_filter : bool
        A step for each filter, not for the layer.

    Attributes
    ----------
    gain : float tensor, shape () or (filters,)
        The factor, which starts at 1.
    unit : float tensor, of the shape of ``gain``
        The step that training starts with: that with the least squared error among those that clip
        at 1/16, 2/16, … 16/16 of the largest weight. The start of the paper, 2 · mean|w| / √Q,
        leaves most integers of 8 bits without a weight.

    Raises
    ------
    TrainingError
        If ``bits`` are out of range.

    Examples
    --------
    >>> weight = torch.tensor([[0.7, 0.2, -0.29, 0.0]])
    >>> quantizer = LearnedStep(4).eval()
    >>> quantizer.start(weight)
    >>> quantizer(weight, weight != 0)[0].detach()
    tensor([[ 7.,  2., -3.,  0.]])
    """

    unit: Tensor

    def __init__(self, bits: int = USUAL_BITS, *, per_filter: bool = False):
        super().__init__(per_filter=per_filter)
        low, high = BITS
        if not isinstance(bits, int) or not low <= bits <= high:
            raise TrainingError(f"integer weights have {low}…{high} bits, not {bits!r}")
        self.largest = 2 ** (bits - 1) - 1
        self.gain = nn.Parameter(torch.ones(()))
        self.register_buffer("unit", torch.ones(()))

    def start(self, weight: Tensor) -> None:
        """Set the step to that of the least squared error."""
        rows = weight.flatten(1) if self.per_filter else weight.reshape(1, -1)
        largest = rows.abs().amax(1).double().clamp(SMALLEST * self.largest * _CLIPS)
        best = torch.full_like(largest, math.inf)
        unit = torch.zeros_like(largest)
        for clip in range(1, _CLIPS + 1):
            step = largest * clip / _CLIPS / self.largest
            near = (rows / step[:, None]).round().clamp(-self.largest, self.largest)
            error = (near * step[:, None] - rows).square().sum(1)
            unit = torch.where(error < best, step, unit)
            best = torch.minimum(error, best)
        unit = unit.to(weight.dtype)
        self.unit = unit if self.per_filter else unit[0]
        self.learn("gain", torch.ones_like(self.unit))

    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes −Q…Q and their scale; see :class:`WeightQuantizer`."""
        gain, unit = self.gain, self.unit
        if not self.training:
            gain, unit = gain.double(), unit.double()
        step = (unit * gain.abs().clamp(_SMALLEST_GAIN)).clamp(SMALLEST)
        if self.training:
            weights = weight.numel() / unit.numel()
            slope = 1 / (unit.square() * math.sqrt(weights * self.largest))
            step = step.detach() + (step - step.detach()) * slope  # that of the gradient alone
        return _Round.apply(weight, over_filters(step, weight), self.largest), step

    def extra_repr(self) -> str:
        return f"bits={self.bits}, {super().extra_repr()}"


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, step, largest):
        ratio = weight / step
        ctx.save_for_backward(ratio, step)
        ctx.largest = largest
        return ratio.round().clamp(-largest, largest).to(weight.dtype)

    @staticmethod
    def backward(ctx, grad_codes):
        ratio, step = ctx.saved_tensors
        inside = ratio.abs() <= ctx.largest
        grad_ratio = grad_codes * inside
        return grad_ratio / step, -(grad_ratio * ratio).sum_to_size(step.shape) / step, None
