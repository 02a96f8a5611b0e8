"""Residual networks.

He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016. Every layer is
ternary, the first and the last included, as in He, Gong, Fan, WACV 2019.
"""

from collections.abc import Sequence

from torch import nn

from ...errors import TrainingError
from ...network import Tensor
from ..layers import MaxPool, Norm, PadChannels, SumPool
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["resnet"]


def resnet(
    input: Tensor, widths: Sequence[int], classes: int, kit: Kit, *, blocks: int = 3
) -> Model:
    """A convolution, stages of basic blocks, and the average of the map.

    With three stages of n blocks it has 6n + 2 layers: ResNet-20 has 3 blocks a stage, ResNet-32,
    44 and 56 have 5, 7 and 9. A block is two 3×3 convolutions, whose signed codes are added to
    the block's input; the activation follows the sum. A stage begins with a stride of 2 where it
    has more filters than the one before; its shortcut is option A of the paper, every second
    pixel and channels of zeros.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of each stage, none fewer than before.
    classes, kit
        As for :func:`mlp`.
    blocks : int
        Of each stage.

    Raises
    ------
    TrainingError
        If there are no widths, one is not positive, or they fall; or there is no block.
    """
    require_outputs([*widths, classes])
    if not widths or blocks < 1 or list(widths) != sorted(widths):
        raise TrainingError(
            f"a ResNet has blocks in stages that never get narrower, not {blocks} in each of "
            f"{list(widths)}"
        )
    channels = widths[0]
    layers = kit.active(kit.conv(input.shape[2], channels, 3, padding=1))
    for filters in widths:
        for _ in range(blocks):
            layers += _block(kit, channels, filters)
            channels = filters
    return Model(input, [*layers, SumPool(), kit.linear(channels, classes, bias=True)])


def _block(kit: Kit, channels: int, filters: int) -> list[nn.Module]:
    stride = 1 if filters == channels else 2
    body = [
        *kit.active(kit.conv(channels, filters, 3, stride=stride, padding=1)),
        kit.conv(filters, filters, 3, padding=1),
        Norm(filters),
    ]
    shortcut = []
    if filters > channels:
        added = filters - channels
        shortcut = [MaxPool(1, stride), PadChannels(added // 2, added - added // 2)]
    return [kit.residual(body, shortcut), kit.activation()]
