"""Joins: addition and concatenation of branches."""

from dataclasses import replace
from math import gcd

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Add, Codes, Concat
from .accumulators import accumulated, power_of_two, recoded
from .builder import Builder
from .edge import ALIKE, Edge
from .nodes import attributes, describe

__all__ = ["add", "concat"]


def add(builder: Builder, node: onnx.NodeProto, first: Edge, second: Edge) -> Edge:
    """The sum of two branches: of codes whose scales are alike or 2ᵏ apart, or of sums."""
    if first.sums is not None or second.sums is not None:
        return accumulated(builder, node, first, second)
    first, second = (builder.settled(edge, node) for edge in (first, second))
    first, second = _alike(builder, node, *_one_step(builder, node, first, second))
    if first.layout == "NF" and not np.array_equal(first.places, second.places):
        raise NetworkError(
            f"{describe(node)} adds vectors of maps whose axes were in different orders; transpose "
            f"one of the maps ahead"
        )
    name = builder.make("add", Add(), first.node, second.node, of=node)
    return replace(
        first,
        node=name,
        type=builder.types[name],
        shift=first.shift + second.shift,
        fitted=first.fitted or second.fitted,
    )


def concat(builder: Builder, node: onnx.NodeProto, *edges: Edge) -> Edge:
    """The channels of several branches side by side, whose codes have one scale."""
    axis, (first, *others) = attributes(node)["axis"], edges
    where = "NC" if first.layout == "NF" else first.layout
    if where[axis] != "C" or (first.type.shape[:2] != (1, 1) and first.layout == "NF"):
        raise NetworkError(f"{describe(node)} joins along {where[axis]}; channels are supported")
    for other in others:
        first, other = _alike(builder, node, first, other)
        if (first.shift != first.shift[0]).any() or (other.shift != first.shift[0]).any():
            raise NetworkError(f"{describe(node)} joins branches of different offsets")
        name = builder.make("concat", Concat(), first.node, other.node, of=node)
        order = None
        if first.layout == "NF":
            order = np.concatenate([first.places, first.channels + other.places])
        channels = first.channels + other.channels
        full = np.ones(channels)
        first = replace(
            first,
            node=name,
            type=builder.types[name],
            scale=full * first.scale[0],
            shift=full * first.shift[0],
            fitted=first.fitted or other.fitted,
            order=order,
        )
    return first


def _one_step(
    builder: Builder, node: onnx.NodeProto, first: Edge, second: Edge
) -> tuple[Edge, Edge]:
    """The same real numbers, the codes with 2ᵏ times the scale of the others counted by 2ᵏ."""
    own, others = (np.median(edge.scale, keepdims=True) for edge in (first, second))
    near = ALIKE if first.fitted or second.fitted else 0
    powers = power_of_two(own, others, near)
    power = 0 if powers is None else int(powers[0])
    if not power or own[0] * others[0] < 0:
        return first, second
    if power < 0:
        second, first = _one_step(builder, node, second, first)
        return first, second
    factor, coarse, fine = 1 << power, first.type.codes, second.type.codes
    step = gcd(coarse.step * factor, fine.step)
    counts = coarse.max_code * coarse.step * factor // step, fine.max_code * fine.step // step
    if max(counts) >> Codes.MAX_BITS:
        return first, second
    made = Codes(counts[0], step, coarse.offset * factor), Codes(counts[1], step, fine.offset)
    names = [
        recoded(builder, edge.node, times, codes, node)
        for edge, times, codes in zip((first, second), (factor, 1), made, strict=True)
    ]
    first, second = (
        replace(edge, node=name, type=builder.types[name])
        for edge, name in zip((first, second), names, strict=True)
    )
    return replace(first, scale=first.scale / factor), second


def _alike(builder: Builder, node: onnx.NodeProto, first: Edge, second: Edge) -> tuple[Edge, Edge]:
    first, second = (builder.settled(edge, node) for edge in (first, second))
    scales = np.sort(np.concatenate([first.scale, second.scale]))
    if scales[-1] - scales[0] > ALIKE * np.abs(scales).max() * (first.fitted or second.fitted):
        raise NetworkError(
            f"{describe(node)} joins codes of scales {scales[0]:.9g} and {scales[-1]:.9g}; give "
            f"the branches one quantizer"
        )
    if first.layout != second.layout:
        raise NetworkError(
            f"{describe(node)} joins axes {first.layout} and {second.layout}; transpose one"
        )
    return first, second
