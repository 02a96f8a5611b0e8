"""TinyConv, a very small classifier of handwritten digits."""

from ..network import Codes, MaxPool, Network, Tensor
from .builder import Builder

__all__ = ["tiny_conv"]

_CODES = Codes.unsigned(4)


def tiny_conv(
    seed: int = 0,
    *,
    input: tuple[int, int, int] = (28, 28, 1),
    activations: Codes = _CODES,
    **options,
) -> Network:
    """Two 3×3 convolutions of 8 and 16 filters without padding, each with a pool, then 10 classes.

    These are the shapes of the TinyConv with which rlx-fpga, a generator for ECP5 and iCE40, is
    published: maps of 26×26, 13×13, 11×11 and 5×5, and 400 inputs of the last layer. That one
    has weights and activations of 8 bits.

    Parameters
    ----------
    seed : int
    input : (int, int, int)
        Height, width and channels of an image of unsigned 8-bit codes, at least 10×10.
    activations : Codes
        What every layer but the last gives, unsigned 4-bit codes unless given.
    options
        Those of :class:`Builder`.
    """
    builder = Builder("tiny_conv", Tensor(input, Codes.unsigned(8)), seed, **options)
    for number, filters in enumerate((8, 16), start=1):
        builder.layer(f"conv{number}", filters, (3, 3), activations)
        builder.add(f"pool{number}", MaxPool((2, 2), (2, 2)))
    return builder.classifier(10)
