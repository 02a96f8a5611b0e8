"""CNV, the small VGG that FINN and its peers are measured with."""

from ..network import Codes, MaxPool, Network, Tensor
from .builder import Builder

__all__ = ["cnv"]

_CODES = Codes.unsigned(2)


def cnv(seed: int = 0, *, activations: Codes = _CODES, **options) -> Network:
    """Six 3×3 convolutions without padding, two pools and three dense layers, for CIFAR-10.

    Filters are 64, 64, 128, 128, 256 and 256, with a pool after the second and the fourth;
    then come 512, 512 and 10 outputs. The input is 32×32×3 unsigned codes of 8 bits.

    Parameters
    ----------
    seed : int
    activations : Codes
        What every layer but the last gives, unsigned 2-bit codes unless given;
        ``Codes.bipolar()`` is the usual one bit.
    options
        Those of :class:`Builder`.
    """
    builder = Builder("cnv", Tensor((32, 32, 3), Codes.unsigned(8)), seed, **options)
    for number, filters in enumerate((64, 64, 128, 128, 256, 256), start=1):
        builder.layer(f"conv{number}", filters, (3, 3), activations)
        if number in (2, 4):
            builder.add(f"pool{number // 2}", MaxPool((2, 2), (2, 2)))
    for number in (1, 2):
        builder.dense(f"dense{number}", 512, activations)
    return builder.classifier(10)
