"""Ties: tensors of a network that must have the same order of channels."""

import numpy as np

from ...network import INPUT, Conv, Network, Node

__all__ = ["Ties"]

_FIXED = 0  # stands for all channels that keep their order


class Ties:
    """The orders that a network's channels can have, and which tensors share them.

    Additions tie tensors together. Channels keep their order where they reach the input or the
    output of the network, an arg-max, or a convolution with several groups that is not
    depthwise with one filter a channel; and where an addition meets channels of which one keeps
    its order, or that lie in different places of what they come from.

    Parameters
    ----------
    network : Network

    Attributes
    ----------
    orders : dict of str to int
        Orders that can be chosen, named after the first convolution that gives such channels,
        with the number of channels.
    free : dict of str to str
        The order of each convolution's filters; those that are not fixed and follow no input.
    places : dict of str to tuple of (str, int)
        For each tensor the orders that its channels follow, and the channel where each begins.
    """

    def __init__(self, network: Network):
        self._parents = [_FIXED]
        convs, layouts = {}, {INPUT: _fixed(network.input.shape[2])}
        for node in network.nodes:
            inputs = [layouts[source] for source in node.inputs]
            if isinstance(node.op, Conv) and node.op.groups == 1:
                convs[node.name] = variable = len(self._parents)
                self._parents.append(variable)
                filters = np.arange(node.op.filters)
                layouts[node.name] = np.stack([np.full_like(filters, variable), filters], axis=1)
            else:
                layouts[node.name] = self._layout(network, node, inputs)
        self._fix(layouts[network.output.name])
        names = {variable: name for name, variable in convs.items()}
        self.free = {
            name: names[root]
            for name, variable in convs.items()
            if (root := self._root(variable)) != _FIXED
        }
        self.orders = {
            name: network.types[name].shape[2] for name, root in self.free.items() if name == root
        }
        self.places = {
            tensor: tuple(
                (names[root], int(start))
                for start in np.flatnonzero(layout[:, 1] == 0)
                if (root := self._root(layout[start, 0])) != _FIXED
            )
            for tensor, layout in layouts.items()
        }

    def _layout(self, network: Network, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        """Variable of each output channel and its place among the variable's channels."""
        channels = network.types[node.name].shape[2]
        places = node.op.places([network.types[source] for source in node.inputs])
        if places is None:
            for layout in inputs:
                self._fix(layout)
            return _fixed(channels)
        joined = np.full((channels, 2), -1)
        for source, start in places:
            here, layout = joined[start : start + len(inputs[source])], inputs[source]
            both = here[:, 0] >= 0
            self._tie(here[both], layout[both])
            here[~both] = layout[~both]
        return np.where(joined < 0, _fixed(channels), joined)

    def _tie(self, ones: np.ndarray, others: np.ndarray) -> None:
        """Channels that meet follow the same order, or none if they are not the same ones."""
        same = ones[:, 1] == others[:, 1]
        for one, other in np.unique(np.stack([ones[:, 0], others[:, 0]], axis=1), axis=0):
            self._join(one, other)
        self._fix(ones[~same])

    def _fix(self, layout: np.ndarray) -> None:
        for variable in np.unique(layout[:, 0]):
            self._join(variable, _FIXED)

    def _join(self, one: int, other: int) -> None:
        one, other = sorted((self._root(one), self._root(other)))
        self._parents[other] = one

    def _root(self, variable: int) -> int:
        while self._parents[variable] != variable:
            variable = self._parents[variable]
        return int(variable)


def _fixed(channels: int) -> np.ndarray:
    return np.full((channels, 2), _FIXED)
