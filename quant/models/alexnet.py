"""AlexNet, the first convolutional network of ImageNet."""

from collections.abc import Sequence

from threefold.errors import TrainingError
from threefold.network import Tensor

from ..layers import MaxPool
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["alexnet"]

_CONVS = ((11, 4, 2, True), (5, 1, 2, True), (3, 1, 1, False), (3, 1, 1, False), (3, 1, 1, True))
"""Kernel, stride and padding of each convolution, and whether a pool follows."""
_LEAST = 63  # pixels a side, of which one is left


def alexnet(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
) -> Model:
    """Five convolutions, overlapping pools after the first, second and fifth, dense layers.

    Krizhevsky, Sutskever, Hinton, NIPS 2012, in the form that ternary networks are compared
    with, such as He, Gong, Fan, WACV 2019: a norm after every layer, no local response
    normalization, no dropout, and no groups, which makes 62.4 million weights of the original's
    61.0. The first convolution has a padding of 2, so that 224×224 pixels become 55×55 (227×227
    become 56×56, and 27×27 behind the pool as well).

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of the five convolutions, then outputs of each hidden dense layer.
    classes, kit
        As for :func:`mlp`.

    Raises
    ------
    TrainingError
        If there are fewer than five widths, one is not positive, or images are too small.
    """
    require_outputs([*widths, classes])
    count = len(_CONVS)
    if len(widths) < count:
        raise TrainingError(f"an AlexNet has at least {count} widths, not {list(widths)}")
    height, width, channels = input.shape
    if min(height, width) < _LEAST:
        raise TrainingError(
            f"an AlexNet reads images of at least {_LEAST}×{_LEAST} pixels, not {input}"
        )
    layers = []
    for filters, (kernel, stride, padding, pooled) in zip(widths[:count], _CONVS, strict=True):
        conv = kit.conv(channels, filters, kernel, stride=stride, padding=padding)
        layers += kit.active(conv)
        height, width = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
        if pooled:
            layers.append(MaxPool(3, 2))
            height, width = ((side - 3) // 2 + 1 for side in (height, width))
        channels = filters
    inputs = height * width * channels
    for outputs in widths[count:]:
        layers += kit.active(kit.linear(inputs, outputs))
        inputs = outputs
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])
