"""Filter reordering, with everything downstream that has to follow."""

import reprlib
from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import NetworkError
from .conv import Conv
from .network import INPUT, Network, Node
from .types import Tensor

__all__ = ["permute"]


def permute(network: Network, orders: Mapping[str, Sequence[int]]) -> Network:
    """The same computation with the filters of convolutions in another order.

    Whatever reads them follows: channels of weights, rows of thresholds, biases. Every node
    computes the same values, with its channels in the order that results; the output is
    unchanged. Widths are left out, since they are made of filters that come first.

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
            op, results[node.name] = node.op.reordered(inputs, types, own.get(node.name))
        except NetworkError as error:
            raise NetworkError(f"node {node.name!r}: {error}") from None
        nodes.append(Node(node.name, op, node.inputs))
    output = network.output.name
    if not _is_natural(results[output]):
        raise NetworkError(
            f"the channels of the output {output!r} must keep their order; "
            "leave the filters that they come from as they are"
        )
    return Network(network.name, network.input, nodes, network.provenance)


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
