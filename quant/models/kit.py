"""Layers of either kind, so that a network is defined once."""

from collections.abc import Sequence

import torch
from torch import nn

from threefold.errors import TrainingError
from threefold.network import Codes

from ..layers import (
    Clamp,
    Convolution,
    FloatConv,
    FloatLinear,
    Identity,
    MatrixProduct,
    Norm,
    Product,
    Quantize,
    QuantizeLike,
    Quantizer,
    Relu,
    Rescale,
    Residual,
    TernaryConv,
    TernaryLinear,
)
from ..weights import INT, WEIGHTS, LearnedStep, WeightQuantizer

__all__ = ["FLOAT", "Kit", "require_bits"]

FLOAT = "float"
"""Name of the weights of a float twin, which has real activations as well."""


class Kit:
    """Layer kit of one model: quantized layers, or those of its float twin in their place.

    Parameters
    ----------
    codes : Codes or int
        Type of the activations; an integer means unsigned ones of so many bits.
    weights : str
        Quantizer of the weights, by its name in :data:`WEIGHTS`; ``"float"`` makes the twin.
    per_filter : bool
        One scale for each filter, but for layers with a bias.
    seed : int
        Seed of the initial weights.
    tight : bool
        Bipolar activations learn with the tight derivative; see :class:`Quantize`.
    weight_bits : int, optional
        Width of the weights ``"int"``, 2 to 8; 4 if left out. Others have none.
    first, last : int, optional
        Width of the weights of the first layer, and of that with a bias: integers with a learned
        step, as ``"int"``, whatever the others are. As the others if left out.

    Attributes
    ----------
    signed : Codes
        Type of what a branch adds to another: of as many bits as ``codes``, and at least 3, so
        that a branch reaches further than one code upwards.

    Raises
    ------
    TrainingError
        If ``weights`` is unknown, or a width is out of range or of weights that have none.
    """

    def __init__(
        self,
        codes: Codes | int,
        weights: str = "statistical",
        *,
        per_filter: bool = False,
        seed: int = 0,
        tight: bool = False,
        weight_bits: int | None = None,
        first: int | None = None,
        last: int | None = None,
    ):
        if weights != FLOAT and weights not in WEIGHTS:
            known = ", ".join(sorted([*WEIGHTS, FLOAT]))
            raise TrainingError(f"there are no weights {weights!r}; there is {known}")
        require_bits(weights, weight_bits, first, last)
        self.codes = Codes.unsigned(codes) if isinstance(codes, int) else codes
        self.weights = weights
        self.per_filter = per_filter
        self.tight = tight
        self.weight_bits = weight_bits
        self.first = first
        self.last = last
        self._made = 0  # layers with weights
        self._generator = torch.Generator().manual_seed(seed)

    @property
    def ternary(self) -> bool:
        """Whether layers are quantized."""
        return self.weights != FLOAT

    @property
    def signed(self) -> Codes:
        return self.codes if self.codes.lo < 0 else Codes.signed(max(self.codes.bits, 3))

    def linear(self, inputs: int, outputs: int, *, bias: bool = False) -> MatrixProduct:
        """A fully connected layer."""
        kind = TernaryLinear if self.ternary else FloatLinear
        return kind(inputs, outputs, bias=bias, **self._options(bias))

    def conv(
        self, inputs: int, outputs: int, kernel: int | tuple, *, bias: bool = False, **options
    ) -> Convolution:
        """A convolution."""
        kind = TernaryConv if self.ternary else FloatConv
        return kind(inputs, outputs, kernel, bias=bias, **options, **self._options(bias))

    def active(self, layer: Product) -> list[nn.Module]:
        """A layer, its norm and its activation."""
        return [layer, Norm(layer.outputs), self.activation()]

    def activation(self, codes: Codes | None = None, clip: float | None = None) -> nn.Module:
        """An activation quantizer, of the kit's type of codes unless given.

        Parameters
        ----------
        codes : Codes, optional
        clip : float, optional
            Where the clip starts. The twin's activation is 0…``clip``, or −``clip``…``clip`` if
            ``codes`` are signed; without a clip, it is a ReLU.
        """
        codes = self.codes if codes is None else codes
        if self.ternary:
            activation = self._quantized(Quantize, codes)
            if clip is not None:
                activation.start(clip)
            return activation
        if clip is None:
            return Relu()
        return Clamp(-clip if codes.lo < 0 else 0, clip)

    def signed_codes(self) -> nn.Module:
        """A quantizer to signed codes where there is no activation."""
        return self.activation(self.signed) if self.ternary else Identity()

    def projection(self, layer: Product) -> list[nn.Module]:
        """A shortcut with weights: a layer, its norm and signed codes without an activation."""
        return [layer, Norm(layer.outputs), self.signed_codes()]

    def residual(
        self,
        body: Sequence[nn.Module],
        shortcut: Sequence[nn.Module],
        codes: Codes | None = None,
    ) -> Residual:
        """A residual block, whose body gives signed codes, or these, of the shortcut's scale."""
        codes = self.signed if codes is None else codes
        like = self._quantized(QuantizeLike, codes) if self.ternary else Rescale()
        return Residual(body, shortcut, like)

    def _quantized(self, kind: type[Quantizer], codes: Codes) -> Quantizer:
        return kind(codes, tight=self.tight and codes == Codes.bipolar())

    def _options(self, bias: bool) -> dict:
        options = {"generator": self._generator}
        if self.ternary:
            options["weights"] = self._quantizer(bias)
        self._made += 1
        return options

    def _quantizer(self, bias: bool) -> WeightQuantizer:
        """The quantizer of the next layer's weights."""
        per_filter = self.per_filter and not bias
        bits = self.first if self._made == 0 else None
        if bias and self.last is not None:
            bits = self.last
        if bits is None and self.weights == INT:
            bits = self.weight_bits
        if bits is None:
            return WEIGHTS[self.weights](per_filter=per_filter)
        return LearnedStep(bits, per_filter=per_filter)


def require_bits(
    weights: str, weight_bits: int | None, first: int | None, last: int | None
) -> None:
    """Check that widths of weights are of weights that have one.

    Raises
    ------
    TrainingError
        If they are not.
    """
    if weight_bits is not None and weights != INT:
        raise TrainingError(
            f"weight_bits are those of weights {INT!r}, not of {weights!r}; leave them out"
        )
    if weights == FLOAT and (first, last) != (None, None):
        raise TrainingError(
            "weights of a float network have no bits, in no layer; leave out first and last"
        )
