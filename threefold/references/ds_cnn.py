"""DS-CNN, the depthwise separable network of keyword spotting."""

from ..network import Codes, Network, SumPool, Tensor
from .builder import Builder

__all__ = ["ds_cnn"]

_CODES = Codes.unsigned(4)
_SAME = (1, 1, 1, 1)


def ds_cnn(
    seed: int = 0,
    *,
    input: tuple[int, int, int] = (49, 10, 1),
    filters: int = 64,
    activations: Codes = _CODES,
    **options,
) -> Network:
    """The DS-CNN of MLPerf Tiny: a 10×4 convolution, then four depthwise and pointwise pairs.

    The first has stride 2. A sum over the map, of 25×5 pixels where 10 coefficients at 49 times
    are the input, and 12 classes follow.

    Parameters
    ----------
    seed : int
    input : (int, int, int)
        Height, width and channels of an image of signed 8-bit codes.
    filters : int
        Filters of every layer.
    activations : Codes
        What every layer but the last gives, unsigned 4-bit codes unless given. One code
        must mean 0.
    options
        Those of :class:`Builder`.
    """
    builder = Builder("ds_cnn", Tensor(input, Codes.signed(8)), seed, **options)
    builder.layer("conv", filters, (10, 4), activations, stride=(2, 2), padding=(4, 1, 5, 1))
    for number in range(1, 5):
        builder.layer(
            f"depthwise{number}", filters, (3, 3), activations, padding=_SAME, groups=filters
        )
        builder.layer(f"pointwise{number}", filters, (1, 1), activations)
    whole = builder.shape[:2]
    builder.add("pool", SumPool(whole, whole))
    return builder.classifier(12)
