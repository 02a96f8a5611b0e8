"""LeNet, the first convolutional network of handwritten digits."""

from collections.abc import Sequence

from threefold.errors import TrainingError
from threefold.network import Tensor

from ..layers import Flatten, MaxPool
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["lenet"]


def lenet(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
) -> Model:
    """Two convolutions, each with a pool of 2×2, and fully connected layers.

    After LeCun et al., "Gradient-based learning applied to document recognition", 1998: kernels
    are 5×5 without padding. Images lower or narrower than 16 pixels have kernels of 3×3 with a
    padding of 1.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of the two convolutions, then outputs of each hidden dense layer.
    classes, kit
        As for :func:`mlp`.

    Raises
    ------
    TrainingError
        If there are fewer than two widths, one is not positive, or images are too small.
    """
    require_outputs([*widths, classes])
    if len(widths) < 2:
        raise TrainingError(f"a LeNet has at least 2 widths, not {list(widths)}")
    height, width, channels = input.shape
    kernel, padding = (5, 0) if min(height, width) >= 16 else (3, 1)
    layers = []
    for filters in widths[:2]:
        layers += kit.active(kit.conv(channels, filters, kernel, padding=padding))
        layers.append(MaxPool(2))
        height, width = ((size + 2 * padding - kernel + 1) // 2 for size in (height, width))
        channels = filters
    if min(height, width) < 1:
        raise TrainingError(f"a LeNet reads images of at least 4×4 pixels, not {input}")
    layers.append(Flatten())
    inputs = height * width * channels
    for outputs in widths[2:]:
        layers += kit.active(kit.linear(inputs, outputs))
        inputs = outputs
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])
