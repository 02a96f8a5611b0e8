"""LeNet-5, the classic of handwritten digits."""

from ..network import Codes, MaxPool, Network, Tensor
from .builder import Builder

__all__ = ["lenet"]

_CODES = Codes.unsigned(2)


def lenet(
    seed: int = 0,
    *,
    input: tuple[int, int, int] = (28, 28, 1),
    activations: Codes = _CODES,
    **options,
) -> Network:
    """Two 5×5 convolutions of 6 and 16 filters, each with a pool, then 120, 84 and 10 outputs.

    Parameters
    ----------
    seed : int
    input : (int, int, int)
        Height, width and channels of an image of unsigned 8-bit codes, at least 16×16.
    activations : Codes
        What every layer but the last gives, unsigned 2-bit codes unless given.
    options
        Those of :class:`Builder`.
    """
    builder = Builder("lenet", Tensor(input, Codes.unsigned(8)), seed, **options)
    for number, filters in enumerate((6, 16), start=1):
        builder.layer(f"conv{number}", filters, (5, 5), activations)
        builder.add(f"pool{number}", MaxPool((2, 2), (2, 2)))
    for number, outputs in enumerate((120, 84), start=1):
        builder.dense(f"dense{number}", outputs, activations)
    return builder.classifier(10)
