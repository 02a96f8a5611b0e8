"""Golden model: exact evaluation of a network in NumPy.

It is the referee. PyTorch's quantized forward equals it on every code, and the hardware
equals it on every bit.
"""

from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import cast

import numpy as np

from threefold.errors import DataError, NetworkError
from threefold.network import (
    INPUT,
    Add,
    ArgMax,
    Codes,
    Concat,
    Conv,
    Flatten,
    Logits,
    MaxPool,
    Network,
    Op,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)

__all__ = ["accuracy", "batches", "classes", "compute", "evaluate", "require_images", "run"]

_MAX_BATCH = 256
_MAX_NUMBERS = 1 << 24  # of eight bytes, in all tensors of a batch and the windows of one layer


def evaluate(network: Network, images: np.ndarray) -> Mapping[str, np.ndarray]:
    """The input and the output of every node, by name.

    Parameters
    ----------
    network : Network
    images : array of int, shape (images, height, width, channels)
        Codes of the network's input type.

    Returns
    -------
    mapping of str to array of int64, shape (images, height, width, channels)
        Codes where the type of a node is codes, signed integers elsewhere.

    Raises
    ------
    DataError
        If the images are not integers of the network's input shape and range.
    """
    results = {INPUT: require_images(network, images).astype(np.int64)}
    for node in network.nodes:
        inputs = [results[source] for source in node.inputs]
        types = [network.types[source] for source in node.inputs]
        results[node.name] = compute(node.op, *inputs, types=types)
    return results


def batches(
    network: Network, images: np.ndarray, *, multiple: int = 1
) -> Iterator[Mapping[str, np.ndarray]]:
    """What :func:`evaluate` gives, batch after batch, so that memory stays small.

    There is at least one batch, be it of no images; all but the last have a ``multiple`` of images.

    Raises
    ------
    DataError
        If the images are not integers of the network's input shape and range.
    """
    images = require_images(network, images)
    size = max(1, _batch_size(network) // multiple) * multiple
    starts = range(0, len(images) or 1, size)
    return (evaluate(network, images[start : start + size]) for start in starts)


def run(network: Network, images: np.ndarray) -> np.ndarray:
    """The output of ``network`` for ``images``, in batches that keep memory small."""
    name = network.output.name
    return np.concatenate([values[name] for values in batches(network, images)])


def classes(network: Network, images: np.ndarray) -> np.ndarray:
    """The class of each image: arg-max of the output's channels, the lowest index on a tie.

    Returns
    -------
    array of int64, shape (images,)

    Raises
    ------
    DataError
        If the images do not fit, or the network gives more than one pixel.
    """
    height, width, channels = network.types[network.output.name].shape
    if (height, width) != (1, 1):
        raise DataError(
            f"network {network.name!r} gives {height}×{width}×{channels} outputs, not one class "
            "for each image"
        )
    outputs = run(network, images)
    if not isinstance(network.output.op, ArgMax):
        outputs = outputs.argmax(axis=-1)
    return outputs.reshape(len(images))


def accuracy(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose class equals the label, 0…1.

    Raises
    ------
    DataError
        If there is not one integer label for each image.
    """
    labels = np.asarray(labels)
    if labels.shape != (len(images),) or not labels.size:
        raise DataError(
            f"{len(images)} images need as many labels, at least 1, "
            f"not an array of shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise DataError(f"labels must be integers, not {labels.dtype}")
    return float(np.mean(classes(network, images) == labels))


@singledispatch
def compute(op: Op, *inputs: np.ndarray, types: list[Tensor]) -> np.ndarray:
    """Output of ``op`` for its inputs; one function for each operation."""
    raise NetworkError(f"the golden model does not know {op.kind!r}")


@compute.register
def _(op: Conv, codes: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    values, element = _values(codes, types[0]), types[0].element
    top, left, bottom, right = op.padding
    values = np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)))
    filters, kernel_h, kernel_w, depth = op.weights.shape
    windows = np.lib.stride_tricks.sliding_window_view(values, (kernel_h, kernel_w), axis=(1, 2))
    windows = windows[:, :: op.stride[0], :: op.stride[1]]  # n, h, w, channel, kh, kw
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    pixels, columns = windows.shape[:3], op.matrix.shape[1]
    per_group = filters // op.groups
    largest = int(op.magnitudes.max()) * max(abs(element.lo), abs(element.hi))
    exact = np.float32 if largest < 2**24 else np.float64  # in either (Conv), and BLAS is fast
    outputs = []
    for group in range(op.groups):
        inputs = windows[..., group * depth : (group + 1) * depth].astype(exact)
        rows = op.matrix[group * per_group : (group + 1) * per_group].astype(exact)
        outputs.append(inputs.reshape(-1, columns) @ rows.T)
    return np.concatenate(outputs, axis=-1).reshape(*pixels, filters).astype(np.int64)


@compute.register
def _(op: Threshold, inputs: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    values = _values(inputs, types[0])
    codes = np.empty_like(values)
    for channel, thresholds in enumerate(op.thresholds):
        codes[..., channel] = np.searchsorted(thresholds, values[..., channel], side="right")
    return codes


@compute.register
def _(op: MaxPool, codes: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    top, left, bottom, right = op.padding
    codes = np.pad(codes, ((0, 0), (top, bottom), (left, right), (0, 0)))
    return _pooled(np.maximum, codes, op.kernel, op.stride)


@compute.register
def _(op: SumPool, codes: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    return _pooled(np.add, codes, op.kernel, op.stride)


@compute.register
def _(op: Add, a: np.ndarray, b: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    return a + b


@compute.register
def _(op: Concat, a: np.ndarray, b: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    return np.concatenate((a, b), axis=-1)


@compute.register
def _(op: Flatten, elements: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    return elements.reshape(len(elements), 1, 1, types[0].size)


@compute.register
def _(op: PadChannels, codes: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    channels = (op.before, op.after)
    zero = cast(int, types[0].codes.zero_code)  # the operation refuses codes without a zero
    return np.pad(codes, ((0, 0), (0, 0), (0, 0), channels), constant_values=zero)


@compute.register
def _(op: Logits, sums: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    return sums + op.bias


@compute.register
def _(op: ArgMax, values: np.ndarray, *, types: list[Tensor]) -> np.ndarray:
    return values.argmax(axis=-1)[..., None]


def _values(elements: np.ndarray, tensor: Tensor) -> np.ndarray:
    """What codes mean; integers mean themselves."""
    codes = tensor.element
    return elements * codes.step + codes.offset if isinstance(codes, Codes) else elements


def _pooled(combine: np.ufunc, codes: np.ndarray, kernel, stride) -> np.ndarray:
    """``combine`` over rows, then over columns of each window; no window is ever copied."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, kernel[0], axis=1)
    codes = combine.reduce(windows[:, :: stride[0]], axis=-1)
    windows = np.lib.stride_tricks.sliding_window_view(codes, kernel[1], axis=2)
    return combine.reduce(windows[:, :, :: stride[1]], axis=-1)


def _batch_size(network: Network) -> int:
    tensors = sum(tensor.size for tensor in network.types.values())
    windows = [0]
    for node in network.nodes:
        if isinstance(node.op, Conv):
            height, width, _ = network.types[node.name].shape
            windows.append(height * width * node.op.matrix.shape[1])
    return min(_MAX_BATCH, max(1, _MAX_NUMBERS // (tensors + max(windows))))


def require_images(network: Network, images: np.ndarray) -> np.ndarray:
    """The images as an array of integers, if ``network`` takes them.

    Raises
    ------
    DataError
        If the images are not integers of the network's input shape and range.
    """
    try:
        images = np.asarray(images)
    except ValueError:
        raise DataError("images must all have the same shape") from None
    codes = network.input.codes
    expected = "×".join(map(str, network.input.shape))
    if images.ndim != 4 or images.shape[1:] != network.input.shape:
        raise DataError(
            f"network {network.name!r} takes images of {expected} (height × width × channels), "
            f"not an array of shape {images.shape}"
        )
    if images.dtype.kind not in "iub":
        raise DataError(f"images must be integer codes 0…{codes.max_code}, not {images.dtype}")
    if images.size and (images.min() < 0 or images.max() > codes.max_code):
        raise DataError(
            f"image codes must be 0…{codes.max_code}, not {images.min()}…{images.max()}"
        )
    return images
