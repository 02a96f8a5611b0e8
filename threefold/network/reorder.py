"""Another order of a network's filters, and everything downstream that has to follow it."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import NetworkError
from .add import Add
from .concat import Concat
from .conv import Conv
from .flatten import Flatten
from .network import INPUT, Network, Node
from .op import Op
from .output import Logits
from .pad_channels import PadChannels
from .pool import MaxPool, SumPool
from .threshold import Threshold
from .types import Tensor

__all__ = ["permute", "placements"]


def permute(network: Network, orders: Mapping[str, Sequence[int]]) -> Network:
    """The same computation with the filters of convolutions in another order.

    Whatever reads them follows: channels of weights, rows of levels, biases. Every node gives
    what it gave, with its channels in the order that results; the output is unchanged. Widths are
    left out, since they are made of filters that come first.

    Parameters
    ----------
    network : Network
    orders : mapping of str to sequence of int
        For a convolution, by name: which of its filters comes first, second, and so on. The
        others keep their order; one with several groups lets its groups follow its input.

    Raises
    ------
    NetworkError
        If an order is for no convolution or is no permutation of its filters, reaches the
        output or an arg-max, differs between the inputs of one node that joins them, or tears
        the groups of a convolution apart.
    """
    own = {name: _checked(network, name, order) for name, order in orders.items()}
    results, nodes = {INPUT: _natural(network.input)}, []
    for node in network.nodes:
        inputs = [results[source] for source in node.inputs]
        types = [network.types[source] for source in node.inputs]
        try:
            if isinstance(node.op, Conv):
                op, order = _conv(node.op, *inputs, own.get(node.name))
            else:
                order = _joined(node.op, inputs, types, network.types[node.name])
                op = _follow(node.op, order)
        except NetworkError as error:
            raise NetworkError(f"node {node.name!r}: {error}") from None
        results[node.name] = order
        nodes.append(Node(node.name, op, node.inputs))
    output = network.output.name
    if not _is_natural(results[output]):
        raise NetworkError(
            f"the channels of the output {output!r} must keep their order; "
            "leave the filters that they come from as they are"
        )
    return Network(network.name, network.input, nodes, network.provenance)


def placements(op: Op, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...] | None:
    """Where the channels of an operation's inputs lie among those of its output.

    Parameters
    ----------
    op : Op
    types : sequence of Tensor
        Types of the inputs.

    Returns
    -------
    tuple of (int, int), or None
        Which input, and the output channel at which its channels begin; they follow each other
        without gaps. None for an operation whose inputs must keep the order of their channels,
        or whose output channels are its own.
    """
    height, width, channels = types[0].shape
    match op:
        case Threshold() | Logits() | MaxPool() | SumPool():
            return ((0, 0),)
        case Add():
            return ((0, 0), (1, 0))
        case Concat():
            return ((0, 0), (1, channels))
        case PadChannels():
            return ((0, op.before),)
        case Flatten():
            return tuple((0, pixel * channels) for pixel in range(height * width))
        case _:
            return None


def _conv(conv: Conv, order: np.ndarray, own: np.ndarray | None) -> tuple[Conv, np.ndarray]:
    """The convolution for an input of that order, and the order of its filters."""
    depth, filters = conv.weights.shape[3], conv.filters // conv.groups
    groups, channels = np.divmod(order.reshape(conv.groups, depth), depth)
    if (groups != groups[:, :1]).any():
        raise NetworkError(
            f"channels of its input must stay in their {conv.groups} groups of {depth}"
        )
    if own is None:
        own = (groups[:, :1] * filters + np.arange(filters)).ravel()
    if (own.reshape(conv.groups, filters) // filters != groups[:, :1]).any():
        raise NetworkError(
            f"filters must stay in their {conv.groups} groups of {filters}, "
            "which follow the order of its input"
        )
    rows, columns = np.arange(conv.filters)[:, None], channels.repeat(filters, axis=0)
    weights = conv.weights[own].transpose(0, 3, 1, 2)[rows, columns].transpose(0, 2, 3, 1)
    return replace(conv, weights=weights), own


def _joined(op: Op, orders: list[np.ndarray], types: list[Tensor], output: Tensor) -> np.ndarray:
    """The order of the channels of an operation's output."""
    places = placements(op, types)
    if places is None:
        if not all(map(_is_natural, orders)):
            raise NetworkError(f"channels of the input of {op.kind!r} must keep their order")
        return _natural(output)
    joined = np.full(output.shape[2], -1)
    for source, start in places:
        order = orders[source] + start
        part = joined[start : start + len(order)]
        if ((part >= 0) & (part != order)).any():
            raise NetworkError("its inputs must have the same order of channels")
        part[:] = order
    return np.where(joined < 0, _natural(output), joined)


def _follow(op: Op, order: np.ndarray) -> Op:
    """The operation with what it holds for each channel in that order."""
    if isinstance(op, Threshold):
        return replace(op, levels=op.levels[order])
    if isinstance(op, Logits):
        return replace(op, bias=op.bias[order])
    return op


def _checked(network: Network, name: str, order: Sequence[int]) -> np.ndarray:
    filters = {node.name: node.op.filters for node in network.nodes if isinstance(node.op, Conv)}
    if name not in filters:
        raise NetworkError(
            f"no convolution is named {reprlib.repr(name)}; "
            f"there are {', '.join(filters) or 'none'}"
        )
    count = filters[name]
    try:
        array = np.asarray(order)
    except ValueError:
        array = np.empty(0)
    if (
        array.dtype.kind not in "iu"
        or array.shape != (count,)
        or (np.sort(array) != np.arange(count)).any()
    ):
        raise NetworkError(
            f"the order of {name!r} must hold each of 0…{count - 1} once, not {reprlib.repr(order)}"
        )
    return array.astype(np.int64)


def _natural(tensor: Tensor) -> np.ndarray:
    return np.arange(tensor.shape[2])


def _is_natural(order: np.ndarray) -> bool:
    return bool((order == np.arange(len(order))).all())
