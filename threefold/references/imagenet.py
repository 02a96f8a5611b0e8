"""Networks of ImageNet: AlexNet, and residual networks of 18, 34 and 50 layers."""

from collections.abc import Callable

from ..network import Add, Codes, MaxPool, Network, SumPool, Tensor
from ..network.check import as_integer, as_integers
from .builder import Builder

__all__ = ["alexnet", "resnet18", "resnet34", "resnet50"]

_INPUT = (224, 224, 3)
_SAME = (1, 1, 1, 1)
_FILTERS = (64, 128, 256, 512)
_CLASSES = ("the number of classes", 1, 2**16)


def alexnet(
    seed: int = 0,
    *,
    bits: int = 4,
    input: tuple[int, int, int] = _INPUT,
    classes: int = 1000,
    images: int = 16,
    **options,
) -> Network:
    """Five convolutions and three dense layers, as in torchvision (Krizhevsky, 2014).

    Parameters
    ----------
    seed : int
    bits : int
        Width of activations.
    input : (int, int, int)
        Height, width and channels of an image of signed 8-bit codes.
    classes : int
    images : int
        Random images that thresholds are drawn from. A dense layer has a value of each channel for
        each of them, so that one does not reach every code.
    options
        Others of :class:`Builder`.

    Raises
    ------
    NetworkError
        If an option is out of range, or images are too small.
    """
    as_integer(classes, *_CLASSES)
    as_integer(bits, "the bits of activations", 1, 16)
    codes, tensor = Codes.unsigned(bits), Tensor(input, Codes.signed(8))
    builder = Builder("alexnet", tensor, seed, images=images, **options)
    builder.layer("conv1", 64, (11, 11), codes, stride=(4, 4), padding=(2, 2, 2, 2))
    builder.add("pool1", MaxPool((3, 3), (2, 2)))
    builder.layer("conv2", 192, (5, 5), codes, padding=(2, 2, 2, 2))
    builder.add("pool2", MaxPool((3, 3), (2, 2)))
    for number, filters in enumerate((384, 256, 256), start=3):
        builder.layer(f"conv{number}", filters, (3, 3), codes, padding=_SAME)
    builder.add("pool5", MaxPool((3, 3), (2, 2)))
    for number in (6, 7):
        builder.dense(f"fc{number}", 4096, codes)
    return builder.classifier(classes)


def resnet18(seed: int = 0, **options) -> Network:
    """Residual network of 18 layers (He and others, CVPR 2016).

    A 7×7 convolution and a pool, both with a stride of 2; four stages of basic blocks with 64, 128,
    256 and 512 filters, the first of each but the first with a stride of 2 and a 1×1 convolution in
    its shortcut; the mean of all pixels, and a dense layer.

    Parameters
    ----------
    seed : int
    options
        ``bits``, ``input``, ``classes`` and ``images`` as for :func:`alexnet`, but a single image
        unless given; ``filters`` of the four stages; and others of :class:`Builder`.

    Raises
    ------
    NetworkError
        If an option is out of range.
    """
    return _resnet("resnet18", (2, 2, 2, 2), _basic, 1, seed, **options)


def resnet34(seed: int = 0, **options) -> Network:
    """Residual network of 34 layers: 3, 4, 6 and 3 blocks; otherwise as :func:`resnet18`."""
    return _resnet("resnet34", (3, 4, 6, 3), _basic, 1, seed, **options)


def resnet50(seed: int = 0, **options) -> Network:
    """Residual network of 50 layers: bottlenecks with four times as many channels between them.

    A bottleneck is a 1×1, a 3×3 with the stride, and a 1×1 convolution; the first of every stage
    has a 1×1 convolution in its shortcut. Otherwise as :func:`resnet34`.
    """
    return _resnet("resnet50", (3, 4, 6, 3), _bottleneck, 4, seed, **options)


def _resnet(
    name: str,
    blocks: tuple[int, ...],
    branch: Callable[[Builder, str, int, tuple[int, int], int], str],
    wider: int,
    seed: int,
    *,
    bits: int = 4,
    input: tuple[int, int, int] = _INPUT,
    classes: int = 1000,
    filters: tuple[int, ...] = _FILTERS,
    images: int = 1,
    **options,
) -> Network:
    as_integers(filters, "filters", 4, 1, 2**16)
    as_integer(bits, "the bits of activations", 1, 16)
    as_integer(classes, *_CLASSES)
    codes, signed = Codes.unsigned(bits), Codes.signed(bits)
    builder = Builder(name, Tensor(input, Codes.signed(8)), seed, images=images, **options)
    builder.layer("conv1", filters[0], (7, 7), codes, stride=(2, 2), padding=(3, 3, 3, 3))
    builder.add("pool1", MaxPool((3, 3), (2, 2), _SAME))
    for stage, (count, own) in enumerate(zip(blocks, filters, strict=True), start=1):
        for block in range(1, count + 1):
            prefix, source = f"stage{stage}_block{block}", builder.last
            stride = (2, 2) if stage > 1 and block == 1 else (1, 1)
            added = branch(builder, prefix, own, stride, bits)
            if builder.types[source].shape != builder.types[added].shape:
                builder.conv(f"{prefix}_projection", wider * own, (1, 1), source, stride=stride)
                source = builder.threshold(f"{prefix}_projection_codes", signed)
            builder.add(f"{prefix}_add", Add(), added, source)
            builder.threshold(f"{prefix}_codes", codes)
    whole = builder.shape[:2]
    builder.add("pool", SumPool(whole, whole))
    return builder.classifier(classes)


def _basic(builder: Builder, name: str, filters: int, stride: tuple[int, int], bits: int) -> str:
    codes, signed = Codes.unsigned(bits), Codes.signed(bits)
    builder.layer(f"{name}_conv1", filters, (3, 3), codes, stride=stride, padding=_SAME)
    return builder.layer(f"{name}_conv2", filters, (3, 3), signed, padding=_SAME)


def _bottleneck(
    builder: Builder, name: str, filters: int, stride: tuple[int, int], bits: int
) -> str:
    codes, signed = Codes.unsigned(bits), Codes.signed(bits)
    builder.layer(f"{name}_conv1", filters, (1, 1), codes)
    builder.layer(f"{name}_conv2", filters, (3, 3), codes, stride=stride, padding=_SAME)
    return builder.layer(f"{name}_conv3", 4 * filters, (1, 1), signed)
