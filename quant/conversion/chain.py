"""Chain of quantized layers in the making, to which layers of PyTorch are added."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from threefold.network import Codes

from ..layers import Flatten, Norm, Product, Quantize, Ternary
from ..models import Kit
from .steps import LayerError, MisplacedError

__all__ = ["Affine", "Chain", "Weights"]


@dataclass(frozen=True, eq=False)
class Affine:
    """``gain · x + shift`` of each channel of the input, to be folded into weights.

    Parameters
    ----------
    gain, shift : float tensor, shape (channels,)
    """

    gain: Tensor
    shift: Tensor

    @property
    def plain(self) -> bool:
        """Whether nothing is changed."""
        return bool((self.gain == 1).all() and (self.shift == 0).all())


@dataclass(frozen=True, eq=False)
class Weights:
    """Linear map whose layer is made when it is known what follows.

    Parameters
    ----------
    make : function
        Gives the layer, with a bias or without.
    weight : float tensor
        Of the shape of the layer's weights.
    bias : float tensor, shape (outputs,)
    dense : function, optional
        As ``make``, of the fully connected layer that does the same, which reads the whole map.
    norm : Norm, optional
        Follows the map, bias included.
    """

    make: Callable[[bool], Product]
    weight: Tensor
    bias: Tensor
    dense: Callable[[bool], Product] | None = None
    norm: Norm | None = None

    def layer(self, weight: Tensor, bias: Tensor | None = None) -> Product:
        """The layer with these latent weights."""
        layer = self.make(bias is not None)
        layer.weight.data.copy_(weight.reshape(layer.weight.shape))
        if bias is not None:
            layer.bias.data.copy_(bias)
        if isinstance(layer, Ternary):
            layer.restart()
        return layer


class Chain:
    """Layers so far, and what waits for those that follow.

    Parameters
    ----------
    kit : Kit
        Makes the layers.
    nonnegative : bool
        Whether the codes that it reads mean nothing below 0.
    affine : Affine, optional
        What is done to what it reads before anything else; None in a branch.

    Attributes
    ----------
    layers : list of nn.Module
    added : list of Norm
        Norms in ``layers`` that stand for biases.
    weights : Weights or None
        A linear map at the end, not in ``layers`` yet.
    flat : tuple of int or None
        (channels, height, width) of the maps that a vector at the end was made of.
    """

    def __init__(self, kit: Kit, nonnegative: bool, affine: Affine | None = None):
        self.kit = kit
        self.nonnegative = nonnegative
        self.affine = affine
        self.layers: list[nn.Module] = []
        self.added: list[Norm] = []
        self.weights: Weights | None = None
        self.flat: tuple[int, ...] | None = None
        self._padding = (0, 0, 0, 0)
        self._waiting: list[nn.Module] = []  # behind the weights, for an activation in front

    def branch(self) -> "Chain":
        """An empty chain that reads the codes that this one gives."""
        return Chain(self.kit, self.nonnegative)

    @property
    def reads_input(self) -> bool:
        """Whether nothing but what ``affine`` says is done to the input yet."""
        return self.affine is not None and not self.layers and not any(self._padding)

    @property
    def mixed(self) -> bool:
        """Whether the elements of a vector are in another order than in PyTorch."""
        return self.flat is not None and self.flat[0] > 1 and math.prod(self.flat[1:]) > 1

    def prepend(self, affine: Affine) -> None:
        """Do this to the input as well, after what is done to it."""
        gain, shift = self.affine.gain * affine.gain, self.affine.shift * affine.gain
        self.affine = Affine(gain, shift + affine.shift)

    def multiply(self, weights: Weights) -> None:
        """Add a linear map, which has taken in padding and what is done to the input."""
        self.affine = self.flat = None
        self.weights = weights

    def normalize(self, norm: Norm) -> None:
        """Add a norm behind weights.

        Raises
        ------
        LayerError
            If there are none, or something is between.
        """
        if self.weights is None or self.weights.norm is not None or self._waiting:
            raise MisplacedError("put it directly behind a layer with weights")
        self.weights = dataclasses.replace(self.weights, norm=norm)

    def activate(self, codes: Codes | None = None, clip: float | None = None) -> None:
        """Add an activation: a ReLU, or what clips at ``clip``, and below if ``codes`` are signed.

        Raises
        ------
        LayerError
            If only weights may follow.
        """
        self.require_plain()
        if codes is None and clip is None and self.weights is None and self.nonnegative:
            return  # nothing is negative
        self._finish(self.kit.activation(codes, clip))
        self.nonnegative = codes is None or codes.lo >= 0

    def codes(self) -> None:
        """Let codes come out: signed ones where no activation follows weights."""
        if self.weights is not None:
            self._finish(self.kit.signed_codes())
            self.nonnegative = False

    def rearrange(self, layer: nn.Module, *, waits: bool = False) -> None:
        """Add a layer without weights; one that ``waits`` behind an activation that follows.

        Raises
        ------
        LayerError
            If zeros are padded in front of it.
        """
        self.require_unpadded()
        if self.weights is not None and waits:
            self._waiting.append(layer)
            return
        self.codes()
        self.layers.append(layer)

    def flatten(self, shape: tuple[int, int, int]) -> None:
        """Turn maps of that shape, channels first, into vectors."""
        self.rearrange(Flatten(), waits=True)
        self.flat = shape

    def pad(self, around: tuple[int, int, int, int]) -> None:
        """Let the next convolution pad so many zeros more: top, left, bottom, right."""
        self.codes()
        self._padding = tuple(map(sum, zip(self._padding, around, strict=True)))

    def take_padding(self) -> tuple[int, int, int, int]:
        """What the next convolution pads beside its own."""
        padding, self._padding = self._padding, (0, 0, 0, 0)
        return padding

    def require_plain(self) -> None:
        """Check that nothing is left that only weights can take in.

        Raises
        ------
        LayerError
            If there is.
        """
        affine, self.affine = self.affine, None  # said once
        if affine is not None and not affine.plain:
            raise LayerError("the input is normalized, so that a layer with weights comes first")
        self.require_unpadded()

    def require_unpadded(self) -> None:
        """Check that no zeros are padded in front of what follows.

        Raises
        ------
        LayerError
            If there are.
        """
        if any(self.take_padding()):  # said once
            raise LayerError("zeros are padded in front of a convolution, not of anything else")

    def _finish(self, activation: nn.Module) -> None:
        self.close()
        self.layers += [activation, *self._waiting]
        self._waiting = []

    def close(self) -> None:
        """Turn the linear map at the end into layers, with a norm where there is a bias."""
        if self.weights is None:
            return
        weights, self.weights = self.weights, None
        norm = weights.norm
        if norm is None and weights.bias.any():
            norm = Norm(len(weights.weight))
            norm.running_var.fill_(1 - norm.eps)
            self.added.append(norm)
        if norm is None:
            self.layers.append(weights.layer(weights.weight))
            return
        factor = _factor(weights.weight)  # which the norm takes out again
        norm.running_mean.sub_(weights.bias).mul_(factor)
        norm.running_var.mul_(factor**2)
        norm.eps *= factor**2
        self.layers += [weights.layer(weights.weight * factor), norm]

    def addend(self) -> Codes:
        """Let come out what is to be quantized like a shortcut; the codes to take for that."""
        if self._waiting:
            self.codes()
        if self.weights is not None:
            self.close()
            return self.kit.signed
        if self.layers and isinstance(self.layers[-1], Quantize):
            return self.layers.pop().codes
        return self.kit.codes if self.nonnegative else self.kit.signed

    def classify(self) -> None:
        """Turn the linear map at the end into the classifier.

        Raises
        ------
        LayerError
            If there is none.
        """
        if self.weights is None or not all(isinstance(each, Flatten) for each in self._waiting):
            raise LayerError("a network ends in a layer with weights, with one output a class")
        if self._waiting and self.weights.dense is None:
            raise LayerError("outputs are of one pixel; leave out what follows the last layer")
        weights, self.weights = self.weights, None
        weight, bias = weights.weight, weights.bias
        if (norm := weights.norm) is not None:
            gain = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
            bias = (bias - norm.running_mean) * gain + norm.bias.detach()
            weight = weight * gain.reshape(-1, *[1] * (weight.ndim - 1))
        if weights.dense is not None:  # a map of one pixel is a vector
            weights = dataclasses.replace(weights, make=weights.dense)
            weight = weight.permute(0, 2, 3, 1)
        self.layers.append(weights.layer(weight, bias))


def _factor(weight: Tensor) -> float:
    """1, or a power of two that brings weights of 1 and more below, where gradients reach them."""
    largest = float(weight.abs().max())
    return 1.0 if largest < 1 else 2.0 ** -math.ceil(math.log2(2 * largest))
