"""DS-CNN, the depthwise separable network of keyword spotting."""

from ..network import Codes, Network, SumPool, Tensor
from .builder import Builder

__all__ = ["ds_cnn"]

_CODES = Codes.unsigned(4)


def ds_cnn(seed: int = 0, *, activations: Codes = _CODES, **options) -> Network:
    """The DS-CNN of MLPerf Tiny: a 10×4 convolution, then four depthwise and pointwise pairs.

    All have 64 filters; the first has stride 2. A sum over the map of 25×5 pixels and 12
    classes follow. The input is 49×10×1 signed codes of 8 bits: 10 coefficients at 49 times.

    Parameters
    ----------
    seed : int
    activations : Codes
        What every layer but the last gives, unsigned 4-bit codes unless given. One code
        must mean 0.
    options
        Those of :class:`Builder`.
    """
    builder = Builder("ds_cnn", Tensor((49, 10, 1), Codes.signed(8)), seed, **options)
    builder.layer("conv", 64, (10, 4), activations, stride=(2, 2), padding=(4, 1, 5, 1))
    for number in range(1, 5):
        builder.layer(
            f"depthwise{number}", 64, (3, 3), activations, padding=(1, 1, 1, 1), groups=64
        )
        builder.layer(f"pointwise{number}", 64, (1, 1), activations)
    whole = builder.shape[:2]
    builder.add("pool", SumPool(whole, whole))
    return builder.classifier(12)
