"""Activation quantizers, with a learned scale."""

import torch
from torch import Tensor, nn

from threefold.errors import TrainingError
from threefold.network import Codes

from ..weights import tight_sign
from .batch import mean_square
from .tensor import QuantTensor, over_channels
from .values import values_are_seen

__all__ = ["Quantize", "QuantizeLike", "Quantizer"]

_SMALLEST_CLIP = 1e-3


class Quantizer(nn.Module):
    """Codes of a value: the nearest of ``s · (step · code + offset)``, half up.

    With r = x / s, ``code = clamp(floor((r − offset) / step + ½), 0, max_code)``. The gradient
    passes straight through to x between the ends.

    In evaluation mode the layer is the *reference* that hardware is derived from: in double
    precision, one multiplication and one addition a code, the same on every device and for
    every layout of the batch.

    Parameters
    ----------
    codes : Codes or int
        Type of the codes; an integer means unsigned ones of so many bits, a clipping ReLU.
    tight : bool
        The gradient of x passes through the derivative of :func:`tight_sign` at x / s instead,
        and s learns as the factor of the sign that it is. For bipolar codes.

    Raises
    ------
    TrainingError
        If codes have more than 8 bits, or none means a positive value, or codes to be tight are
        not bipolar.
    """

    def __init__(self, codes: Codes | int, *, tight: bool = False):
        super().__init__()
        bits = codes.bits if isinstance(codes, Codes) else codes
        if not 1 <= bits <= 8:
            raise TrainingError(f"activations are quantized to 1…8 bits, not {bits}")
        self.codes = codes if isinstance(codes, Codes) else Codes.unsigned(codes)
        if self.codes.hi < 1:
            raise TrainingError(f"activations need a positive value, which {self.codes} lack")
        if tight and self.codes != Codes.bipolar():
            raise TrainingError(
                f"the tight derivative is that of {Codes.bipolar()}, not of {self.codes}"
            )
        self.tight = tight

    def quantize(self, x: QuantTensor, scale: Tensor) -> QuantTensor:
        """The integers that the codes of ``x`` mean, in units of ``scale``, shape ()."""
        if self.training and self.tight:
            values = tight_sign(x.value / scale.detach())
        elif self.training:
            values = _Round.apply(x.value, scale, self.codes)
        else:
            values = self._reference(x, scale)
        return QuantTensor(values, scale, torch.zeros_like(scale))

    def _reference(self, x: QuantTensor, scale: Tensor) -> Tensor:
        step, offset = self.codes.step, self.codes.offset
        gain, shift = x.scale / scale / step, (x.shift / scale - offset) / step
        # kept apart: fused with the addition it rounds otherwise
        scaled = x.codes.double() * over_channels(gain, x.codes)
        codes = (scaled + over_channels(shift, x.codes) + 0.5).floor().clamp(0, self.codes.max_code)
        return (codes * step + offset).to(x.codes.dtype)

    def extra_repr(self) -> str:
        return f"{self.codes}, tight" if self.tight else f"{self.codes}"


class Quantize(Quantizer):
    """Codes whose scale is learned.

    s = α / (largest value). The clip α learns from ``value = integer · s`` as a whole (Esser et
    al., "Learned step size quantization", ICLR 2020), which above the clip is the gradient of
    PACT. The first batch in training sets α to three times the root mean square; s to no more
    than once that where there are negative values.
    """

    def __init__(self, codes: Codes | int, *, tight: bool = False):
        super().__init__(codes, tight=tight)
        self.clip = nn.Parameter(torch.ones(()))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def start(self, clip: float) -> None:
        """Learn from this clip on, whatever the first batch is."""
        self.clip.data.fill_(clip)
        self.started.fill_(True)

    def scale(self) -> Tensor:
        """Value of one unit, shape (); in double precision in evaluation mode."""
        clip = self.clip if self.training else self.clip.double()
        return clip.clamp(min=_SMALLEST_CLIP) / self.codes.hi

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Integers of ``x``, one scale for all channels, shift 0."""
        if self.training and values_are_seen() and not self.started:
            widths = 3 if self.codes.lo == 0 else min(3, self.codes.hi)
            with torch.no_grad():
                self.clip.copy_(widths * mean_square(x.value).sqrt())
                self.started.fill_(True)
        return self.quantize(x, self.scale())


class QuantizeLike(Quantizer):
    """Codes with the scale of another tensor, so that both can be added as integers."""

    def forward(self, x: QuantTensor, like: QuantTensor) -> QuantTensor:
        """Integers of ``x`` with the scale of ``like``, shift 0."""
        return self.quantize(x, like.scale)


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value: Tensor, scale: Tensor, codes: Codes):
        ratio = value / scale
        ctx.save_for_backward(ratio, scale, (ratio >= codes.lo) & (ratio <= codes.hi))
        rounded = ((ratio - codes.offset) / codes.step + 0.5).floor().clamp(0, codes.max_code)
        return rounded * codes.step + codes.offset

    @staticmethod
    def backward(ctx, grad):
        ratio, scale, inside = ctx.saved_tensors
        grad_value = grad * inside / scale
        return grad_value, -(grad_value * ratio).sum(), None
