"""Model: a chain of layers that reads images of codes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from threefold.errors import NetworkError, TrainingError
from threefold.modules import bare, unwrapped
from threefold.network import Codes, Tensor

from ..layers import (
    Convolution,
    Join,
    Product,
    Quantizer,
    QuantTensor,
    Rearrangement,
    Slimmable,
    Ternary,
)

__all__ = ["Model", "require_outputs", "unwrapped_model"]


class Model(nn.Module):
    """A chain of layers and the type of images it reads.

    Parameters
    ----------
    input : Tensor
        Type of one image, as in :class:`Network`; its elements are codes.
    layers : sequence of nn.Module
        Each maps a :class:`QuantTensor` to the next.

    Attributes
    ----------
    widths : list of str
        Narrower networks within this one; see :meth:`at`.
    width : str or None
        The one in use; None for the whole.

    Raises
    ------
    TrainingError
        If the elements of ``input`` are not codes, or a layer pads codes none of which means 0.
    """

    def __init__(self, input: Tensor, layers: Sequence[nn.Module]):
        super().__init__()
        if not isinstance(input.element, Codes):
            raise TrainingError(f"a model reads codes, not {input.element}")
        self.input = input
        self.layers = nn.Sequential(*layers)
        self.widths: list[str] = []
        self.width: str | None = None
        _require_zeros(self.layers, input.element, "layers")

    @contextmanager
    def at(self, width: str | None) -> Iterator[None]:
        """Within the context, the model is its narrower network ``width``; the whole if None.

        Raises
        ------
        TrainingError
            If there is no such width.
        """
        if width is not None and width not in self.widths:
            known = ", ".join(self.widths) or "none"
            raise TrainingError(f"the model has no width {width!r}; there is {known}")
        before = self.width
        self._use(width)
        try:
            yield
        finally:
            self._use(before)

    def _use(self, width: str | None) -> None:
        self.width = width
        for layer in self.modules():
            if isinstance(layer, Slimmable):
                layer.width = width

    @property
    def input_scale(self) -> float:
        """Scale that brings the input's integers into −1…1."""
        codes = self.input.element
        return 1 / max(abs(codes.lo), abs(codes.hi))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def read(self, images: torch.Tensor) -> QuantTensor:
        """Integers (images, channels, height, width) of codes (images, height, width, channels)."""
        codes = self.input.element
        values = (codes.step * images.double() + codes.offset).float().permute(0, 3, 1, 2)
        dtype = torch.float32 if self.training else torch.float64
        scale = torch.full((), self.input_scale, dtype=dtype, device=values.device)
        return QuantTensor(values, scale, torch.zeros_like(scale))

    def forward(self, images: torch.Tensor) -> QuantTensor:
        """Logits (images, classes) of image codes (images, height, width, channels)."""
        return self.layers(self.read(images))


def unwrapped_model(module: nn.Module) -> Model:
    """The model within ``DataParallel``, ``DistributedDataParallel`` and ``torch.compile``.

    Raises
    ------
    NetworkError
        If there is none, or it is not in single precision.
    """
    model = bare(module)
    if isinstance(model, Model):
        return unwrapped(model)
    ours = isinstance(model, nn.Module) and any(
        isinstance(layer, Product | Quantizer) for layer in model.modules()
    )
    way = "quant.Model(input, layers)" if ours else "quant.ternarize(module, input)"
    raise NetworkError(
        f"a model of threefold.quant is wanted, not {type(model).__name__}; {way} makes one"
    )


def require_outputs(widths: Sequence[int]) -> None:
    """Check that every layer has outputs."""
    if min(widths) < 1:
        raise TrainingError(f"layers need at least 1 output, not {list(widths)}")


def _require_zeros(layer: nn.Module, codes: Codes | None, path: str) -> Codes | None:
    """Check that zeros are there where ``layer``, called ``path``, pads what it reads.

    ``codes`` is the type of what it reads, and the result that of what it gives; None where that
    is not known, or are not codes.
    """
    if isinstance(layer, nn.Sequential):
        for index, part in enumerate(layer):
            codes = _require_zeros(part, codes, f"{path}.{index}")
        return codes
    if isinstance(layer, Join):
        _require_zeros(layer.shortcut, codes, f"{path}.shortcut")
        _require_zeros(layer.body, codes, f"{path}.body")
        return None
    if isinstance(layer, Rearrangement):
        pads = layer.pads
    else:
        pads = isinstance(layer, Ternary) and isinstance(layer, Convolution) and any(layer.padding)
    if pads and codes is not None and codes.zero_code is None:
        raise TrainingError(
            f"{path} ({type(layer).__name__}) pads with zeros, but {codes} have none; use "
            f"unsigned or ternary ones, or a network without padding"
        )
    if isinstance(layer, Quantizer):
        return layer.codes
    return codes if isinstance(layer, Rearrangement) and layer.keeps_codes else None
