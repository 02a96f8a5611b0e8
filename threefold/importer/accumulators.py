"""Accumulators of two branches, added up ahead of a quantizer: one layer that reads both inputs."""

from dataclasses import dataclass, replace
from math import gcd

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Codes, Concat, Conv, Dense, Flatten, MaxPool, Sums, Threshold
from .builder import Builder
from .edge import ALIKE, NO_PADDING, ROUNDING, Edge
from .nodes import describe
from .prepare import MOST_ELEMENTS
from .units import MOST

__all__ = ["accumulated", "power_of_two", "recoded"]


@dataclass(frozen=True, eq=False)
class _Branch:
    """Sums ``scale · conv(codes of node) + shift``."""

    node: str
    conv: Conv
    scale: np.ndarray
    shift: np.ndarray


def accumulated(builder: Builder, node: onnx.NodeProto, first: Edge, second: Edge) -> Edge:
    """Sums of two branches, at least one of which nothing quantizes.

    One convolution reads the channels of both inputs. Where the scale of a branch is 2ᵏ times that
    of the other, its weights are multiplied by 2ᵏ.

    Raises
    ------
    NetworkError
        If the ratio of scales is no power of two, a branch is no line of sums, weights would need
        more than 9 bits, or the windows of both branches do not move alike.
    """
    shapes = [builder.source.shape(name) for name in node.input]
    if shapes[0] != shapes[1]:
        raise NetworkError(
            f"{describe(node)} adds tensors of shapes {shapes[0]} and {shapes[1]}; those of one "
            f"shape are supported"
        )
    for edge in (first, second):
        _require_small(node, edge)
    if first.layout != second.layout:
        raise NetworkError(
            f"{describe(node)} joins axes {first.layout} and {second.layout}; transpose one"
        )
    one, other = (_branch(builder, node, edge) for edge in (first, second))
    if first.layout == "NF" and one.conv.weights.shape[1:3] != other.conv.weights.shape[1:3]:
        one, other = (_flat(builder, node, branch) for branch in (one, other))
    one, other = _same_stride(builder, node, one, other)
    unit, weights = _scaled(node, one, other, fitted=bool(first.steps or second.steps))
    top, left, kernels = _same_window(one, other, weights)
    name, codes, kernel = _joined(builder, node, (one.node, other.node), kernels)
    largest = int(np.abs(kernel).max())
    if largest > MOST:
        raise NetworkError(
            f"{describe(node)} adds sums whose weights are up to {largest} units of the smaller "
            f"scale, more than {MOST}; give the branches one quantizer"
        )
    height, width = one.conv.infer(builder.types[one.node]).shape[:2]
    rows, columns = builder.types[name].shape[:2]
    down, right = one.conv.stride
    bottom = max(0, (height - 1) * down + kernel.shape[1] - top - rows)
    after = max(0, (width - 1) * right + kernel.shape[2] - left - columns)
    bits = max(2, largest.bit_length() + 1)
    conv = Conv(kernel, (down, right), (top, left, bottom, after), bits=bits)
    return replace(
        first,
        node=name,
        type=conv.infer(builder.types[name]),
        sums=Sums(conv, codes),
        scale=unit,
        shift=one.shift + other.shift,
        order=np.arange(len(unit)) if first.layout == "NF" else None,
        steps=(),
        origin=None,
        fitted=bool(first.steps or second.steps) or first.fitted or second.fitted,
    )


def power_of_two(scales: np.ndarray, others: np.ndarray, tolerance: float) -> np.ndarray | None:
    """Exponents k with |scales| = 2ᵏ · |others|, up to rounding; None if there are none."""
    ratio = np.abs(scales / others)
    powers = np.rint(np.log2(ratio))
    near = np.abs(ratio - 2.0**powers) <= tolerance * ratio
    return powers.astype(np.int64) if near.all() else None


def recoded(builder: Builder, name: str, factor: int, codes: Codes, of: onnx.NodeProto) -> str:
    """The node whose values are ``factor`` times those of node ``name``, as ``codes``."""
    read = builder.types[name]
    if factor == 1 and read.codes == codes:
        return name
    thresholds = np.tile(-(-codes.values[1:] // factor), (read.shape[2], 1))
    return builder.make("act", Threshold(thresholds, codes.step, codes.offset), name, of=of)


def _require_small(node: onnx.NodeProto, edge: Edge) -> None:
    """Refuse what takes too many weights if each output reads all channels."""
    if edge.sums is None:
        count = (edge.type.size if edge.layout == "NF" else edge.channels) ** 2
    else:
        count = edge.sums.conv.weights.size * edge.sums.conv.groups
    if count > MOST_ELEMENTS:
        raise NetworkError(
            f"{describe(node)} adds sums by a layer of {count:,} weights, which no small FPGA "
            f"holds; give the branches one quantizer"
        )


def _branch(builder: Builder, node: onnx.NodeProto, edge: Edge) -> _Branch:
    """Sums of an edge; codes are sums of one code each."""
    if edge.sums is None:
        edge = builder.settled(edge, node)
        return _singles(edge)
    if edge.pools or edge.padding != NO_PADDING:
        raise NetworkError(
            f"{describe(node)} reads real numbers; put a quantizer of activations in front of it"
        )
    scale, shift = _line(builder, node, edge)
    return _Branch(edge.node, edge.sums.conv, scale, shift)


def _singles(edge: Edge) -> _Branch:
    """Codes as sums, in the order of the source."""
    shape, size = edge.type.shape, edge.type.size
    if edge.layout != "NF":
        conv = Conv(np.eye(shape[2], dtype=np.int8)[:, None, None, :])
        return _Branch(edge.node, conv, edge.scale, edge.shift)
    channels = edge.places % shape[2]
    conv = Dense(np.eye(size, dtype=np.int8)[edge.places], shape)
    return _Branch(edge.node, conv, edge.scale[channels], edge.shift[channels])


def _flat(builder: Builder, node: onnx.NodeProto, branch: _Branch) -> _Branch:
    """The same sums of a whole map, which is read as a vector."""
    if branch.conv.weights.shape[1:3] == (1, 1):
        return branch
    name = builder.make("flatten", Flatten(), branch.node, of=node)
    return replace(branch, node=name, conv=Dense(branch.conv.matrix, bits=branch.conv.bits))


def _line(builder: Builder, node: onnx.NodeProto, edge: Edge) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift of sums behind steps that are a line in all of them."""
    if not edge.steps:
        return edge.scale, edge.shift
    lo, hi = edge.bounds()
    rows = np.stack([lo, (lo + hi) // 2, np.maximum(hi, lo + 1)])
    results = edge.results(builder.source, rows).astype(np.float64)
    scale = (results[2] - results[0]) / (rows[2] - rows[0])
    shift = results[0] - scale * rows[0]
    error = np.abs(results - scale * rows - shift).max()
    if not scale.all() or not error <= ALIKE * np.abs(results).max():
        raise NetworkError(
            f"{describe(node)} reads what {describe(edge.steps[-1].node)} makes of sums, which is "
            f"no multiple of them; put a quantizer of activations in front of it"
        )
    return scale, shift


def _same_stride(
    builder: Builder, node: onnx.NodeProto, one: _Branch, other: _Branch
) -> tuple[_Branch, _Branch]:
    """Both with windows that move alike over maps of one size."""
    if one.conv.stride != other.conv.stride:
        one, other = (_thinned(builder, node, branch) for branch in (one, other))
    maps = [builder.types[branch.node].shape[:2] for branch in (one, other)]
    if one.conv.stride != other.conv.stride or maps[0] != maps[1]:
        (a, b), strides = (f"{h}×{w}" for h, w in maps), (one.conv.stride, other.conv.stride)
        raise NetworkError(
            f"{describe(node)} adds sums of windows over {a} pixels with stride {strides[0]} and "
            f"over {b} with stride {strides[1]}; put a quantizer of activations in front of it"
        )
    return one, other


def _thinned(builder: Builder, node: onnx.NodeProto, branch: _Branch) -> _Branch:
    """Sums of single pixels, those between strides left out ahead."""
    conv = branch.conv
    if conv.weights.shape[1:3] != (1, 1) or any(conv.padding) or conv.stride == (1, 1):
        return branch
    name = builder.make("pool", MaxPool((1, 1), conv.stride), branch.node, of=node)
    return replace(branch, node=name, conv=replace(conv, stride=(1, 1)))


def _scaled(
    node: onnx.NodeProto, one: _Branch, other: _Branch, *, fitted: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The unit of each filter, and the weights of both branches in it, without groups."""
    used = [branch.conv.matrix.any(axis=1) for branch in (one, other)]
    a = np.where(used[0], one.scale, other.scale)
    b = np.where(used[1], other.scale, a)
    if power_of_two(a, b, ALIKE if fitted else 4 * ROUNDING) is None:
        channel = int(np.abs(np.log2(np.abs(a / b)) - np.rint(np.log2(np.abs(a / b)))).argmax())
        raise NetworkError(
            f"{describe(node)} adds sums of scales {abs(a[channel]):.9g} and {abs(b[channel]):.9g} "
            f"in channel {channel}, whose ratio is no power of two; give the branches one quantizer"
        )
    unit = np.minimum(np.abs(a), np.abs(b))
    weights = []
    for branch, scale in ((one, a), (other, b)):
        factors = np.rint(scale / unit).astype(np.int64)
        weights.append(_ungrouped(branch.conv) * factors[:, None, None, None])
    return unit, weights


def _ungrouped(conv: Conv) -> np.ndarray:
    """Weights that read all channels, 0 for those of other groups."""
    filters, height, width, depth = conv.weights.shape
    full = np.zeros((filters, height, width, depth * conv.groups), np.int64)
    for row in range(filters):
        first = row // (filters // conv.groups) * depth
        full[row, :, :, first : first + depth] = conv.weights[row]
    return full


def _same_window(
    one: _Branch, other: _Branch, weights: list[np.ndarray]
) -> tuple[int, int, list[np.ndarray]]:
    """Padding at the top and the left, and kernels of the size that covers both windows."""
    pads = [branch.conv.padding[:2] for branch in (one, other)]
    top, left = (max(sides) for sides in zip(*pads, strict=True))
    places = [(top - up, left - before) for up, before in pads]
    height, width = (
        max(place[axis] + each.shape[1 + axis] for place, each in zip(places, weights, strict=True))
        for axis in (0, 1)
    )
    kernels = []
    for (row, column), each in zip(places, weights, strict=True):
        rows, columns = height - row - each.shape[1], width - column - each.shape[2]
        kernels.append(np.pad(each, ((0, 0), (row, rows), (column, columns), (0, 0))))
    return top, left, kernels


def _joined(
    builder: Builder, node: onnx.NodeProto, names: tuple[str, str], kernels: list[np.ndarray]
) -> tuple[str, Codes, np.ndarray]:
    """The node that both kernels read, its codes, and the kernel of both."""
    types = [builder.types[name].codes for name in names]
    if names[0] == names[1]:
        return names[0], types[0], kernels[0] + kernels[1]
    lo, hi = min(0, *(each.lo for each in types)), max(0, *(each.hi for each in types))
    if types[0] == types[1]:
        codes = types[0]
    else:
        step = gcd(*(each.step for each in types), *(each.lo - lo for each in types), lo)
        if (hi - lo) // step >> Codes.MAX_BITS:
            raise NetworkError(
                f"{describe(node)} adds sums over {types[0]} and over {types[1]}, which have no "
                f"codes of {Codes.MAX_BITS} bits in common; give the branches one quantizer"
            )
        codes = Codes((hi - lo) // step, step, lo)
    made = [recoded(builder, name, 1, codes, node) for name in names]
    name = builder.make("concat", Concat(), *made, of=node)
    return name, codes, np.concatenate(kernels, axis=3)
