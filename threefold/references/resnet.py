"""ResNet-20, the residual network of CIFAR-10, and those of more layers."""

from ..errors import NetworkError
from ..network import Add, Codes, MaxPool, Network, PadChannels, SumPool, Tensor
from ..network.check import as_integer
from .builder import Builder

__all__ = ["resnet20"]

_SAME = (1, 1, 1, 1)
_SHORTCUTS = ("subsample", "projection")


def resnet20(
    seed: int = 0,
    *,
    blocks: int = 3,
    bits: int = 4,
    shortcut: str = "subsample",
    input: tuple[int, int, int] = (32, 32, 3),
    filters: tuple[int, int, int] = (16, 32, 64),
    **options,
) -> Network:
    """A convolution, three stages of three basic blocks with 16, 32 and 64 filters, and a pool.

    With more blocks a stage it is one of the deeper networks, which are named by their layers with
    weights: 9 are those of ResNet-56.

    A block is two 3×3 convolutions, whose signed codes are added to the block's input; the
    threshold behind the addition is its ReLU. A stage begins with a stride where it has more
    filters than the one before.

    Parameters
    ----------
    seed : int
    blocks : int
        Basic blocks of each stage, from 1 to 1,000.
    bits : int
        Width of activations: unsigned behind a ReLU, signed where a branch ends.
    shortcut : str
        How an input reaches the next stage: ``"subsample"`` takes every second pixel and adds
        channels of zeros, half of them before and half after; ``"projection"`` is a 1×1
        convolution with stride 2.
    input : (int, int, int)
        Height, width and channels of an image of signed 8-bit codes.
    filters : (int, int, int)
        Filters of the three stages, each with at least those of the one before.
    options
        Those of :class:`Builder`.

    Raises
    ------
    NetworkError
        If ``blocks``, ``bits`` or ``shortcut`` is none of these.
    """
    if shortcut not in _SHORTCUTS:
        raise NetworkError(f"shortcut must be one of {', '.join(_SHORTCUTS)}, not {shortcut!r}")
    as_integer(blocks, "the blocks of a stage", 1, 1000)
    builder = Builder(f"resnet{6 * blocks + 2}", Tensor(input, Codes.signed(8)), seed, **options)
    builder.layer("stem", filters[0], (3, 3), Codes.unsigned(bits), padding=_SAME)
    for stage, count in enumerate(filters, start=1):
        for block in range(1, blocks + 1):
            _block(builder, f"stage{stage}_block{block}", count, bits, shortcut)
    whole = builder.shape[:2]
    builder.add("pool", SumPool(whole, whole))
    return builder.classifier(10)


def _block(builder: Builder, name: str, filters: int, bits: int, shortcut: str) -> None:
    source, channels = builder.last, builder.shape[2]
    stride = (1, 1) if filters == channels else (2, 2)
    codes, signed = Codes.unsigned(bits), Codes.signed(bits)
    builder.layer(f"{name}_conv1", filters, (3, 3), codes, stride=stride, padding=_SAME)
    branch = builder.layer(f"{name}_conv2", filters, (3, 3), signed, padding=_SAME)
    if filters == channels:
        passed = source
    elif shortcut == "projection":
        builder.conv(f"{name}_projection", filters, (1, 1), source, stride=stride)
        passed = builder.threshold(f"{name}_projection_codes", signed)
    else:
        builder.add(f"{name}_subsample", MaxPool((1, 1), stride), source)
        added = filters - channels
        pad = PadChannels(added // 2, added - added // 2)
        passed = builder.add(f"{name}_channels", pad)
    builder.add(f"{name}_add", Add(), branch, passed)
    builder.threshold(f"{name}_codes", codes)
