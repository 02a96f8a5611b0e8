"""Rounding of the source, as the reason for differences from the network."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from ..network import INPUT, Codes, Tensor
from ..sim import golden
from .axes import from_axes
from .convert import Converted
from .edge import Edge
from .grid import Grid
from .source import Source

__all__ = ["differences", "follow", "not_largest"]

_NOWHERE = 2.0**40
_NEAR = 0.01  # of a step: what products of the scale in single precision are off


def differences(edge: Edge, expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Where a node's elements are not what the source has, shape (images, height, width, channels).

    Codes are equal or not, logits are equal up to single precision, and a class is one of the
    largest logits.
    """
    if edge.is_class:
        return not_largest(edge, expected, found.ravel()).reshape(found.shape)
    if isinstance(edge.type.element, Codes):
        return _codes(edge, expected, found.shape[1:]) != found
    real = from_axes(expected, edge, found.shape[1:]).astype(np.float64)
    error = np.abs(real - (found * edge.scale + edge.shift))
    return error > edge.allowed


def not_largest(edge: Edge, expected: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Where ``chosen`` (images,) is no class of the largest logits of the source.

    Two logits are told apart that differ by more than rounding can have done to both.
    """
    logits = expected.reshape(len(expected), -1).astype(np.float64)
    above = logits - np.take_along_axis(logits, chosen[:, None], axis=1)
    tolerance = edge.allowed
    return np.any(above > tolerance + tolerance[chosen][:, None], axis=1)


def follow(
    source: Source, converted: Converted, images: np.ndarray, expected: dict, image: int
) -> tuple[dict[str, np.ndarray], int]:
    """What differs in one image where every node reads the codes of the source.

    Returns
    -------
    wrong : dict of str to array of bool
        By tensors of the source: what no rounding explains.
    rounded : int
        How many codes are explained.
    """
    network, at = converted.network, defaultdict(list)
    for tensor, edge in converted.edges.items():
        if tensor != source.input:
            at[edge.node].append((tensor, edge))
    one = {name: tensor[image : image + 1] for name, tensor in expected.items() if np.ndim(tensor)}
    results = {INPUT: images[image : image + 1]}
    wrong, rounded = {}, 0
    for name, node in [(INPUT, None), *((node.name, node) for node in network.nodes)]:
        if node is None:
            found = results[INPUT]
        else:
            inputs = [results[each] for each in node.inputs]
            types = [network.types[each] for each in node.inputs]
            found = golden.compute(node.op, *inputs, types=types)
        for tensor, edge in at[name]:
            differs = differences(edge, one[tensor], found)
            if isinstance(edge.type.element, Codes) and not edge.is_class:
                codes = _codes(edge, one[tensor], found.shape[1:])
                if differs.any() and tensor in converted.quantized:
                    excused = differs & _excused(
                        source,
                        network.types,
                        results,
                        converted.quantized[tensor],
                        one,
                        found,
                        codes,
                    )
                    rounded += int(excused.sum())
                    differs &= ~excused
                found = np.clip(codes, 0, edge.type.codes.max_code)
            wrong[tensor] = differs
        results[name] = found
    return wrong, rounded


def _codes(edge: Edge, expected: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Codes of a tensor of the source, −1 where it has a number that no code means."""
    codes = edge.type.codes
    with np.errstate(all="ignore"):
        values = (from_axes(expected, edge, shape).astype(np.float64) - edge.shift) / edge.scale
        values = np.clip(np.nan_to_num(values, nan=_NOWHERE), -_NOWHERE, _NOWHERE)
    found, rest = np.divmod(np.rint(values).astype(np.int64) - codes.offset, codes.step)
    near = np.maximum(_NEAR, edge.rounding() / np.abs(edge.scale))  # means are sums of many
    return np.where((rest == 0) & (np.abs(values - np.rint(values)) < near), found, -1)


def _excused(
    source: Source,
    types: Mapping[str, Tensor],
    results: dict[str, np.ndarray],
    quantized: tuple[Edge, Grid],
    expected: dict[str, np.ndarray],
    found: np.ndarray,
    codes: np.ndarray,
) -> np.ndarray:
    """Where the quantizer makes ``found`` of the exact sums, and ``codes`` of those of the source.

    Nowhere, if the sums are not the same up to rounding.
    """
    last, grid = quantized
    origin = last.origin or last
    values, tensor = results[origin.node], types[origin.node]
    if origin.sums is not None:
        values = golden.compute(origin.sums.conv, values, types=[tensor])
    else:
        values = tensor.codes.values[values]
    real = from_axes(expected[origin.tensor], origin, values.shape[1:])
    rows, real = (each.reshape(-1, origin.channels) for each in (values, real))
    error = np.abs(real.astype(np.float64) - origin.real(rows))
    if (error > origin.rounding()).any():
        return np.zeros(found.shape, bool)
    both = last.results(source, rows), last.through(source, real)
    maps = [grid.codes_of(each).reshape(values.shape) for each in both]
    for _, op, _ in last.pools:
        maps = [golden.compute(op, each, types=[]) for each in maps]
    return (maps[0] == found) & (maps[1] == codes)
