"""Residual networks, of small images and of those of ImageNet.

He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016. Every layer is
ternary, the first and the last included, as in He, Gong, Fan, WACV 2019.
"""

from collections.abc import Sequence

from threefold.errors import TrainingError
from threefold.network import Tensor

from ..layers import MaxPool, SumPool
from .blocks import EXPANSION, basic, bottleneck
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["resnet", "resnet_imagenet"]


def resnet(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
    *,
    blocks: int = 3,
    projection: bool = False,
) -> Model:
    """A convolution, stages of basic blocks, and the average of the map.

    With three stages of n blocks it has 6n + 2 layers: ResNet-20 has 3 blocks a stage, ResNet-32,
    44 and 56 have 5, 7 and 9. A block is two 3×3 convolutions, whose signed codes are added to
    the block's input; the activation follows the sum. A stage begins with a stride of 2 where it
    has more filters than the one before; its shortcut is option A of the paper, every second
    pixel and channels of zeros.

    ResNet-8 of MLPerf Tiny (Banbury et al., NeurIPS 2021) has one block a stage, and 1×1
    convolutions for shortcuts, here with a norm.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of each stage, none fewer than before.
    classes, kit
        As for :func:`mlp`.
    blocks : int
        Blocks of each stage.
    projection : bool
        Shortcuts between stages are 1×1 convolutions, not option A.

    Raises
    ------
    TrainingError
        If there are no widths, one is not positive, or they fall; there is no block; or images
        are too small.
    """
    require_outputs([*widths, classes])
    if not widths or blocks < 1 or list(widths) != sorted(widths):
        raise TrainingError(
            f"a ResNet has blocks in stages that never get narrower, not {blocks} in each of "
            f"{list(widths)}"
        )
    _require_pixels(input, len(set(widths)) - 1)
    channels = widths[0]
    layers = kit.active(kit.conv(input.shape[2], channels, 3, padding=1))
    for filters in widths:
        for _ in range(blocks):
            stride = 1 if filters == channels else 2
            layers += basic(kit, channels, filters, stride, projection=projection)
            channels = filters
    return Model(input, [*layers, SumPool(), kit.linear(channels, classes, bias=True)])


def resnet_imagenet(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
    *,
    blocks: Sequence[int] = (2, 2, 2, 2),
    deep: bool = False,
) -> Model:
    """A 7×7 convolution and a pool, each with a stride of 2, stages, and the average of the map.

    ResNet-18 has 2, 2, 2, 2 basic blocks and ResNet-34 has 3, 4, 6, 3; ResNet-50 has as many
    bottlenecks. Every stage but the first begins with a stride of 2. Shortcuts are 1×1
    convolutions where the shape changes, as in most published networks (option B).

    Parameters
    ----------
    input : Tensor
        Type of one image, such as 224×224×3.
    widths : sequence of int
        Filters of the 3×3 convolutions of each stage; those of the first are the 7×7
        convolution's as well.
    classes, kit
        As for :func:`mlp`.
    blocks : sequence of int
        Blocks of each stage.
    deep : bool
        Blocks are bottlenecks.

    Raises
    ------
    TrainingError
        If a width is not positive, there is not one for each stage, or images are too small.
    """
    require_outputs([*widths, classes])
    if len(widths) != len(blocks) or min(blocks) < 1:
        raise TrainingError(
            f"a ResNet of blocks {list(blocks)} has a width for each stage, not {list(widths)}"
        )
    _require_pixels(input, len(blocks) + 1)
    block, expansion = (bottleneck, EXPANSION) if deep else (basic, 1)
    channels = widths[0]
    layers = kit.active(kit.conv(input.shape[2], channels, 7, stride=2, padding=3))
    layers.append(MaxPool(3, 2, 1))
    for stage, (filters, count) in enumerate(zip(widths, blocks, strict=True)):
        for number in range(count):
            stride = 2 if stage > 0 and number == 0 else 1
            layers += block(kit, channels, filters, stride)
            channels = expansion * filters
    return Model(input, [*layers, SumPool(), kit.linear(channels, classes, bias=True)])


def _require_pixels(input: Tensor, strides: int) -> None:
    """Check that every stride of 2 has two rows and columns to step over."""
    least = 2 ** (strides - 1) + 1 if strides else 1
    if min(input.shape[:2]) < least:
        raise TrainingError(
            f"a ResNet with {strides} strides of 2 reads images of at least {least}×{least} "
            f"pixels, not {input}"
        )
