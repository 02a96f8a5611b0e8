"""Random narrower widths of networks."""

from dataclasses import replace
from math import ceil

import numpy as np

from threefold.errors import NetworkError
from threefold.network import Conv, Logits, Network, Threshold, Width
from threefold.network.embedded import embedded

__all__ = ["with_random_widths"]

_TRIES = 30


def with_random_widths(rng: np.random.Generator, network: Network) -> Network:
    """The network with two narrower widths; some may lack no filter, but have other thresholds."""
    widths = {f"w{number}": _width(rng, network) for number in (1, 2)}
    return replace(network, widths=widths)


def _width(rng: np.random.Generator, network: Network) -> Width:
    convolutions = [node for node in network.nodes if isinstance(node.op, Conv)]
    for _ in range(_TRIES):
        ratio, share = rng.choice([0.3, 0.5, 0.8]), rng.choice([0.5, 1.0, 1.0])
        filters = {
            node.name: ceil(ratio * node.op.filters)
            for node in convolutions[:-1]  # what leaves a network stays whole
            if rng.random() < share
        }
        if made := _made(rng, network, filters):
            return made
    made = _made(rng, network, {})
    assert made
    return made


def _made(rng: np.random.Generator, network: Network, filters: dict[str, int]) -> Width | None:
    """A width with some thresholds and offsets of its own; None if it does not fit the network."""
    try:
        narrow = replace(network, widths={"own": Width(filters)}).at("own")
    except NetworkError:
        return None
    ops = {}
    for node in narrow.nodes:
        element = narrow.types[node.inputs[0]].element
        if isinstance(node.op, Logits):
            ops[node.name] = Logits(rng.integers(-20, 20, narrow.types[node.name].shape[2]))
        elif isinstance(node.op, Threshold) and rng.integers(2):
            codes, shape = node.op.codes, node.op.thresholds.shape
            thresholds = np.sort(rng.integers(element.lo - 1, element.hi + 2, shape), axis=1)
            ops[node.name] = Threshold(thresholds, codes.step, codes.offset)
    made = Width(filters, ops)
    try:
        embedded(replace(network, widths={"own": made}), "own")
    except NetworkError:
        return None
    return made
