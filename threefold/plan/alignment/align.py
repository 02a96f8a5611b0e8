"""Filter alignment: an order of filters that makes whole tiles empty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from ...errors import PlanError
from ...network import Conv, Network
from ...network.reorder import permute
from ..schedule import Folding
from .grouping import View, improve
from .ties import Ties

__all__ = ["align", "tiles_left"]

_PASSES = 3  # over all orders; each depends on those of the layers before and after


def tiles_left(weights: np.ndarray, pe: int, simd: int) -> int:
    """Tiles that a layer takes, empty ones left out.

    A tile is ``pe`` filters × ``simd`` columns. Columns are in the order kernel row, kernel
    column, channel: where ``simd`` divides the channels, a tile has one kernel position, otherwise
    neighbouring ones. A group of filters without any weight keeps one tile.

    Parameters
    ----------
    weights : array, shape (filters, kernel height, kernel width, channels per group)
    pe, simd : int
        Divisors of the filters and of the columns.
    """
    filters = len(weights)
    tiles = (np.asarray(weights) != 0).reshape(filters // pe, pe, -1, simd).any(axis=(1, 3))
    return int(np.maximum(tiles.sum(axis=1), 1).sum())


def align(
    network: Network, foldings: Mapping[str, Folding]
) -> tuple[Network, dict[str, tuple[int, ...]]]:
    """The same computation with filters in an order that leaves fewer tiles.

    One order serves both the filters that give a tensor and the channels of the convolutions
    that read it, and all tensors that are added share one. What is minimized is the sum over
    all layers of tiles × output pixels, which never grows. Tiles are those of the binary digits of
    weights' magnitudes, of which an array may find fewer.

    The channels of the network's input and output, and of what an arg-max or a convolution with
    several groups reads or gives, keep their order; depthwise convolutions with one filter a
    channel follow their input instead. Tensors keep their order as well where an addition meets
    channels in different places, as of an input that was padded or concatenated.

    Parameters
    ----------
    network : Network
    foldings : mapping of str to Folding
        Foldings of convolutions, by name; one that is left out has no cost.

    Returns
    -------
    network : Network
    orders : dict of str to tuple of int
        What was given to :func:`permute`: convolutions whose filters moved.

    Raises
    ------
    PlanError
        If a folding is for no convolution or does not divide it.
    """
    _check(network, foldings)
    ties = Ties(network)
    layers = [
        _Layer.of(network, ties, node.name, foldings[node.name])
        for node in network.nodes
        if node.name in foldings
    ]
    orders = {tensor: np.arange(size) for tensor, size in ties.orders.items()}
    fewest = _cost(layers, orders)
    for _ in range(_PASSES):
        before = fewest
        for tensor in orders:
            views = [view for layer in layers for view in layer.views(tensor, orders)]
            attempt = orders | {tensor: improve(orders[tensor], views)}
            if (cost := _cost(layers, attempt)) < fewest:
                fewest, orders = cost, attempt
        if fewest == before:
            break
    moved = {
        name: tuple(orders[tensor].tolist())
        for name, tensor in ties.free.items()
        if (orders[tensor] != np.arange(len(orders[tensor]))).any()
    }
    return permute(network, moved), moved


@dataclass(frozen=True, eq=False)
class _Layer:
    """Where a convolution has weights, and which orders that depends on.

    Parameters
    ----------
    occupied : array of bool, shape (filters, kernel positions, channels)
        Those of each digit of the magnitudes, one digit behind the other.
    folding : Folding
    steps : int
        How often an image takes each tile: once for all pixels that are worked on together.
    rows, channels : sequence of (str, int)
        Names of orders, and the first of the filters or channels that each of them moves.
    """

    occupied: np.ndarray
    folding: Folding
    steps: int
    rows: Sequence[tuple[str, int]]
    channels: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, network: Network, ties: Ties, name: str, folding: Folding) -> "_Layer":
        (node,) = (node for node in network.nodes if node.name == name)
        conv = _convs(network)[name]
        filters, *_, depth = conv.weights.shape
        height, width, _ = network.types[name].shape
        channels = ties.places[node.inputs[0]] if conv.groups == 1 else ()
        magnitudes = np.abs(conv.weights).reshape(filters, 1, -1, depth)
        digits = np.arange(max(1, int(magnitudes.max()).bit_length()))[:, None, None]
        occupied = (magnitudes >> digits & 1).astype(bool).reshape(filters, -1, depth)
        steps = height * ceil(width / folding.pixels)
        return cls(occupied, folding, steps, ties.places[name], channels)

    def cost(self, orders: Mapping[str, np.ndarray]) -> int:
        """Cycles of an image in which a tile is worked on."""
        weights = self._ordered(orders, orders)[:, None]
        return self.steps * tiles_left(weights, self.folding.pe, self.folding.simd)

    def views(self, tensor: str, orders: Mapping[str, np.ndarray]) -> list[View]:
        """What this layer's cost is if the order of ``tensor`` changes."""
        natural = {**orders, tensor: np.arange(len(orders[tensor]))}
        count, views = len(orders[tensor]), []
        if starts := [start for name, start in self.rows if name == tensor]:
            words = self._ordered(natural, orders)
            words = words.reshape(len(words), -1, self.folding.simd)
            views += _views(np.any(words, axis=2), starts, count, self.folding.pe, self.steps)
        if starts := [start for name, start in self.channels if name == tensor]:
            groups = self._ordered(orders, natural)
            groups = np.any(groups.reshape(-1, self.folding.pe, groups.shape[1]), axis=1)
            _, positions, depth = self.occupied.shape
            starts = [position * depth + start for position in range(positions) for start in starts]
            views += _views(groups.T, starts, count, self.folding.simd, self.steps)
        return views

    def _ordered(self, rows: Mapping, channels: Mapping) -> np.ndarray:
        """Which weights are not 0, with filters and channels in these orders: a matrix."""
        filters, _, depth = self.occupied.shape
        moved = self.occupied[_moved(filters, self.rows, rows)]
        return moved[:, :, _moved(depth, self.channels, channels)].reshape(filters, -1)


def _views(
    needs: np.ndarray, starts: Sequence[int], count: int, size: int, weight: int
) -> list[View]:
    """Views of ``count`` items that lie at each of ``starts`` among the rows of ``needs``.

    Bins are ``size`` rows; starts at the same place within a bin make one view.
    """
    views = []
    for phase in sorted({start % size for start in starts}):
        bins = (phase + np.arange(count)) // size
        if bins[-1] == 0 or size == 1:
            continue  # no order changes anything
        units, others = [], []
        for start in starts:
            if start % size == phase:
                end = start + count
                units.append(needs[start:end])
                other = np.zeros((bins[-1] + 1, needs.shape[1]), bool)
                other[0] = needs[start - phase : start].any(axis=0)
                other[-1] |= needs[end : end + -end % size].any(axis=0)
                others.append(other)
        views.append(
            View(np.concatenate(units, axis=1), bins, np.concatenate(others, axis=1), weight)
        )
    return views


def _moved(count: int, places: Sequence[tuple[str, int]], orders: Mapping) -> np.ndarray:
    """The order of ``count`` rows or channels of which some follow ``orders``."""
    order = np.arange(count)
    for name, start in places:
        order[start : start + len(orders[name])] = start + orders[name]
    return order


def _convs(network: Network) -> dict[str, Conv]:
    return {node.name: node.op for node in network.nodes if isinstance(node.op, Conv)}


def _cost(layers: Sequence[_Layer], orders: Mapping[str, np.ndarray]) -> int:
    return sum(layer.cost(orders) for layer in layers)


def _check(network: Network, foldings: Mapping[str, Folding]) -> None:
    convs = _convs(network)
    for name, folding in foldings.items():
        if name not in convs:
            raise PlanError(
                f"no convolution is named {name!r}; there are {', '.join(convs) or 'none'}"
            )
        rows, columns = convs[name].matrix.shape
        for what, size, whole, unit in (
            ("PE count", folding.pe, rows, "filters"),
            ("SIMD width", folding.simd, columns, "columns"),
        ):
            if size < 1 or whole % size:
                raise PlanError(f"{what} of {name!r} must divide {whole} {unit}, not {size}")
