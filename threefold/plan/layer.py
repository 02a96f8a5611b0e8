"""A network as the hardware sees it: one matrix of weights and one finish for each engine.

The hardware knows unsigned codes only, and a lane whose weight is −1 adds the complement
``top − code`` instead of ``−code`` (``top`` is the largest word of the code's width). The sum
of a row with n₊ weights of +1 and n₋ of −1 is therefore

    total = Σ w·code + top · n₋        0 ≤ total ≤ largest code · n₊ + top · n₋

Everything that separates it from the network's accumulator, ``Σ w·value``, is a constant of
the row, known here and moved into levels and biases.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import PlanError
from ..network import ArgMax, Codes, Conv, Logits, Network, Threshold

__all__ = ["Layer", "lower"]


@dataclass(frozen=True, eq=False)
class Layer:
    """What one engine computes: ``finish(weights @ codes)`` for one vector of codes.

    Parameters
    ----------
    name : str
        Name of the network's convolution.
    output : str
        Name of the node whose values leave the engine.
    weights : array of int8, shape (rows, columns)
    codes : Codes
        Type of the input.
    levels : array of int64, shape (rows, largest code), or None
        For a requantizing layer: code = #{total >= level}, levels within 0…total_max + 1.
    offsets : array of int64, shape (rows,), or None
        For a layer that ends in logits: logit = step · total + offset.
    out_codes : Codes or None
        Type of the codes that leave a requantizing layer.
    """

    name: str
    output: str
    weights: np.ndarray
    codes: Codes
    levels: np.ndarray | None = None
    offsets: np.ndarray | None = None
    out_codes: Codes | None = None

    @property
    def rows(self) -> int:
        """Filters, which are the layer's outputs."""
        return self.weights.shape[0]

    @property
    def columns(self) -> int:
        """Inputs of each filter."""
        return self.weights.shape[1]

    @cached_property
    def total_max(self) -> int:
        """Largest total any row can reach."""
        return int(_largest_totals(self.weights, self.codes).max())

    @property
    def total_bits(self) -> int:
        """Width of a total; ``total_max + 1`` fits as well, as the level that means "never"."""
        return (self.total_max + 1).bit_length()

    @cached_property
    def logit_bits(self) -> int:
        """Width of a signed logit that holds every reachable value and the offsets."""
        largest = _largest_totals(self.weights, self.codes)
        bounds = int(self.offsets.min()), int((self.offsets + self.codes.step * largest).max())
        return 1 + max((bound if bound >= 0 else ~bound).bit_length() for bound in bounds)


def lower(network: Network) -> tuple[tuple[Layer, ...], bool]:
    """The layers of a network in order, and whether it ends in arg-max.

    Raises
    ------
    PlanError
        If the network holds something no engine computes.
    """
    layers, nodes = [], list(network.nodes)
    argmax = isinstance(nodes[-1].op, ArgMax)
    if argmax:
        nodes.pop()
    if len(nodes) % 2 or not nodes:
        raise PlanError(f"no engine computes the layers of {network.name!r}; {_ACCEPTED}")
    for position in range(0, len(nodes), 2):
        conv, finish = nodes[position : position + 2]
        last = position + 2 == len(nodes)
        fits = isinstance(conv.op, Conv) and isinstance(finish.op, Logits if last else Threshold)
        if not fits or finish.inputs != (conv.name,):
            raise PlanError(
                f"no engine computes {conv.name!r} ({conv.op.kind}) followed by {finish.name!r} "
                f"({finish.op.kind}); {_ACCEPTED}"
            )
        source = network.types[conv.inputs[0]]
        if conv.op.weights.shape[1:] != source.shape or any(conv.op.padding):
            raise PlanError(
                f"{conv.name!r} is a convolution that slides over its input, which no engine "
                f"computes; {_ACCEPTED}"
            )
        layers.append(_layer(conv.name, finish.name, conv.op, finish.op, source.element))
    return tuple(layers), argmax


_ACCEPTED = "accelerators are chains of dense layers and thresholds that end in logits"


def _layer(name: str, output: str, conv: Conv, finish, codes: Codes) -> Layer:
    weights = conv.matrix
    positive, negative = _signs(weights)
    top = _top(codes)
    row_sum = positive - negative
    if isinstance(finish, Logits):
        if codes.step & (codes.step - 1):
            raise PlanError(f"logits of codes with step {codes.step} need a multiplier; use 1 or 2")
        offsets = finish.bias + codes.offset * row_sum - codes.step * top * negative
        return Layer(name, output, weights, codes, offsets=offsets)
    distance = finish.levels - (codes.offset * row_sum)[:, None]
    levels = -(-distance // codes.step) + (top * negative)[:, None]
    never = _largest_totals(weights, codes) + 1
    levels = np.clip(levels, 0, never[:, None])
    return Layer(name, output, weights, codes, levels=levels, out_codes=finish.codes)


def _top(codes: Codes) -> int:
    return 2**codes.bits - 1


def _largest_totals(weights: np.ndarray, codes: Codes) -> np.ndarray:
    """The largest total of each row."""
    positive, negative = _signs(weights)
    return codes.max_code * positive + _top(codes) * negative


def _signs(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of +1 and of −1 in each row."""
    positive = (weights == 1).sum(axis=1, dtype=np.int64)
    negative = (weights == -1).sum(axis=1, dtype=np.int64)
    return positive, negative
