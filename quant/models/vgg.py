"""Plain networks of 3×3 convolutions in pairs, after Simonyan and Zisserman, ICLR 2015."""

from collections.abc import Sequence

from threefold.errors import TrainingError
from threefold.network import Tensor

from ..layers import MaxPool
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["cnv", "vgg_small"]

_CONVS = 6
_SIDE = 32  # of the images that CNV is made for
_NONE, _SAME = (0, 0), (1, 1)

Sides = list[tuple[int, int]]


def cnv(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
) -> Model:
    """Six convolutions without padding, pools after the second and the fourth, dense layers.

    The network that FINN is measured with (Umuroglu et al., FPGA 2017), for images of 32×32
    pixels. Sides from 28 to 31 pixels are padded to 32 by the first convolution, as MNIST is for
    CNV; with yet smaller ones every convolution has a padding of 1.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of the six convolutions, then outputs of each hidden dense layer.
    classes, kit
        As for :func:`mlp`.

    Raises
    ------
    TrainingError
        If there are fewer than six widths, one is not positive, or images are too small.
    """
    rows, columns = (_padding(side) for side in input.shape[:2])
    return _plain("a CNV", input, widths, classes, kit, rows, columns, pools=2)


def vgg_small(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
) -> Model:
    """Six convolutions with a padding of 1, a pool after every second, and the classifier.

    2×128C3 – MP2 – 2×256C3 – MP2 – 2×512C3 – MP2, the VGG-Small of binary and ternary networks
    (Zhang et al., "LQ-Nets", ECCV 2018), for images of 32×32 pixels.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of the six convolutions, then outputs of each hidden dense layer, if any.
    classes, kit
        As for :func:`mlp`.

    Raises
    ------
    TrainingError
        If there are fewer than six widths, one is not positive, or images are too small.
    """
    same = [_SAME] * _CONVS
    return _plain("a VGG-Small", input, widths, classes, kit, same, same, pools=3)


def _plain(
    what: str,
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
    rows: Sides,
    columns: Sides,
    pools: int,
) -> Model:
    """Pairs of convolutions with those paddings, the first ``pools`` of them with a pool."""
    require_outputs([*widths, classes])
    if len(widths) < _CONVS:
        raise TrainingError(f"{what} has at least {_CONVS} widths, not {list(widths)}")
    least = 2**pools
    height, width, channels = input.shape
    if min(height, width) < least:
        raise TrainingError(f"{what} reads images of at least {least}×{least} pixels, not {input}")
    layers = []
    for number, filters in enumerate(widths[:_CONVS]):
        (top, bottom), (left, right) = rows[number], columns[number]
        padding = (top, left, bottom, right)
        layers += kit.active(kit.conv(channels, filters, 3, padding=padding))
        height, width = height + top + bottom - 2, width + left + right - 2
        if number % 2 and number // 2 < pools:
            layers.append(MaxPool(2))
            height, width = height // 2, width // 2
        channels = filters
    inputs = height * width * channels
    for outputs in widths[_CONVS:]:
        layers += kit.active(kit.linear(inputs, outputs))
        inputs = outputs
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])


def _padding(side: int) -> Sides:
    """Before and behind, of each convolution of a CNV for images of that height or width."""
    missing = max(_SIDE - side, 0)
    if missing > 4:  # a kernel of 3 takes 2 on either side
        return [_SAME] * _CONVS
    return [(missing // 2, missing - missing // 2), *[_NONE] * (_CONVS - 1)]
