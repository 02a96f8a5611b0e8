"""Activations as unsigned codes, with a clip that is learned."""

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from .tensor import QuantTensor

__all__ = ["Quantize"]

_SMALLEST_CLIP = 1e-3


class Quantize(nn.Module):
    """Codes 0…2^bits − 1 of a value: a ReLU that clips at α and rounds half up.

    With s = α / (2^bits − 1), ``code = clamp(floor(x / s + ½), 0, 2^bits − 1)``. The gradient
    passes straight through to x within 0…α. α learns from ``value = code · s`` as a whole
    (Esser et al., "Learned step size quantization", ICLR 2020), which above the clip is the
    gradient of PACT. The first batch in training sets α to three times the root mean square.

    In evaluation mode the layer is the *reference* that hardware is derived from: in double
    precision, one multiplication and one addition a code, the same on every device and for
    every layout of the batch.

    Parameters
    ----------
    bits : int
        1…8.

    Raises
    ------
    TrainingError
        If ``bits`` is out of range.
    """

    def __init__(self, bits: int):
        super().__init__()
        if not 1 <= bits <= 8:
            raise TrainingError(f"activations are quantized to 1…8 bits, not {bits}")
        self.bits = bits
        self.clip = nn.Parameter(torch.ones(()))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    @property
    def max_code(self) -> int:
        """Largest code."""
        return 2**self.bits - 1

    def scale(self) -> Tensor:
        """Value of one code, shape (); in double precision in evaluation mode."""
        clip = self.clip if self.training else self.clip.double()
        return clip.clamp(min=_SMALLEST_CLIP) / self.max_code

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Codes of ``x``, one scale for all channels, shift 0."""
        return self._learn(x) if self.training else self._reference(x)

    def _learn(self, x: QuantTensor) -> QuantTensor:
        value = x.value
        if not self.started:
            with torch.no_grad():
                self.clip.copy_(3 * value.square().mean().sqrt())
                self.started.fill_(True)
        step = self.scale()
        return QuantTensor(_Round.apply(value, step, self.max_code), step, torch.zeros_like(step))

    def _reference(self, x: QuantTensor) -> QuantTensor:
        step = self.scale()
        gain, shift = x.over_channels(x.scale / step), x.over_channels(x.shift / step)
        scaled = x.codes.double() * gain  # kept apart: fused with the addition it rounds otherwise
        codes = (scaled + shift + 0.5).floor().clamp(0, self.max_code)
        return QuantTensor(codes.to(x.codes.dtype), step, torch.zeros_like(step))

    def extra_repr(self) -> str:
        return f"bits={self.bits}"


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value: Tensor, step: Tensor, max_code: int):
        ratio = value / step
        ctx.save_for_backward(ratio, step, (ratio >= 0) & (ratio <= max_code))
        return (ratio + 0.5).floor().clamp(0, max_code)

    @staticmethod
    def backward(ctx, grad):
        ratio, step, inside = ctx.saved_tensors
        grad_value = grad * inside / step
        return grad_value, -(grad_value * ratio).sum(), None
