"""Layers, random chains of them, and random foldings."""

from itertools import pairwise

import numpy as np

from threefold.network import (
    INPUT,
    ArgMax,
    Codes,
    Dense,
    Integers,
    Logits,
    Network,
    Tensor,
    Threshold,
)
from threefold.plan import Folding, Plan, Port, Ports, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.plan.units.block import StreamType
from threefold.plan.units.engine import EngineUnit
from threefold.plan.window import Window

__all__ = [
    "CODES",
    "divisors",
    "engines",
    "make_layer",
    "ports_of",
    "random_foldings",
    "random_images",
    "random_network",
    "random_plan",
]

CODES = {
    **{f"unsigned{bits}": Codes.unsigned(bits) for bits in range(1, 9)},
    "signed8": Codes.signed(8),
    "ternary": Codes.ternary(),
    "bipolar": Codes.bipolar(),
    "codes5": Codes(5),
}


def make_layer(
    weights, codes: Codes | None = None, *, shape=None, groups: int = 1, name: str = "fc1", **more
) -> ConvLayer:
    """A layer of these weights: a matrix, or a kernel that slides over a map of ``shape``.

    ``stride`` and ``padding`` are of its window, ``thresholds`` and ``offsets`` its finish.
    """
    weights = np.asarray(weights, np.int8)
    if weights.ndim == 2:
        weights = weights[:, None, None, :]
    geometry = {key: more.pop(key) for key in ("stride", "padding") if key in more}
    window = Window(shape or weights.shape[1:], weights.shape[1:3], **geometry)
    codes = codes or Codes.unsigned(2)
    thresholds, offsets = more.get("thresholds"), more.get("offsets")
    element = Integers(-64, 63) if thresholds is None else Codes(thresholds.shape[1])
    output = Tensor((*window.out, len(weights)), element)
    inputs = (Tensor(window.shape, codes),)
    return ConvLayer(
        name, "act1", (INPUT,), inputs, output, weights, window, groups, thresholds, offsets
    )


def engines(plan: Plan) -> list[EngineUnit]:
    """The units of a plan that have an array each."""
    return [unit for unit in plan.units if isinstance(unit, EngineUnit)]


def random_network(
    rng: np.random.Generator, codes: Codes, *, layers: int | None = None, argmax: bool | None = None
) -> Network:
    """A chain of dense layers, some of them pruned, whose input is ``codes``."""
    layers = layers or int(rng.integers(1, 4))
    argmax = bool(rng.integers(2)) if argmax is None else argmax
    widths = rng.choice([2, 3, 4, 6, 8, 12, 16], layers + 1)
    tensor = Tensor((1, 1, int(widths[0])), codes)
    ops = []
    for layer, (columns, rows) in enumerate(pairwise(widths), 1):
        kept = rng.random((rows, columns)) < rng.choice([0.15, 0.5, 1.0])
        dense = Dense(rng.integers(-1, 2, (rows, columns)) * kept)
        ops.append((f"fc{layer}", dense))
        if layer == layers:
            ops.append(("logits", Logits(rng.integers(-20, 20, rows))))
            break
        lo, hi = dense.bounds(codes)
        codes = CODES[rng.choice(list(CODES))]
        thresholds = rng.integers(lo.min() - 2, hi.max() + 3, (rows, codes.max_code))
        ops.append((f"act{layer}", Threshold(np.sort(thresholds, 1), codes.step, codes.offset)))
    if argmax:
        ops.append(("argmax", ArgMax()))
    return Network.chain("random", tensor, ops)


def divisors(number: int) -> list[int]:
    return [size for size in range(1, number + 1) if number % size == 0]


def random_foldings(rng: np.random.Generator, network: Network) -> dict[str, Folding]:
    return {
        layer.name: Folding(
            int(rng.choice(divisors(layer.rows))), int(rng.choice(divisors(layer.columns)))
        )
        for layer in lower(network)
        if isinstance(layer, ConvLayer)
    }


def random_plan(rng: np.random.Generator, codes: Codes, **parameters) -> Plan:
    network = random_network(rng, codes, **parameters)
    return fold(network, random_foldings(rng, network))


def random_images(rng: np.random.Generator, network: Network, count: int) -> np.ndarray:
    """Codes of ``count`` images, all extremes in the first two."""
    largest = network.input.element.max_code
    images = rng.integers(0, largest + 1, (count, *network.input.shape))
    images[:1], images[1:2] = 0, largest
    return images


def ports_of(input: tuple[int, int], output: tuple[int, int]) -> Ports:
    """Ports of a component whose image is one beat, by lanes and bits; negative bits are signed."""
    i, o = (StreamType(lanes, abs(bits), bits < 0) for lanes, bits in (input, output))
    values = Integers(-(1 << o.bits - 1), (1 << o.bits - 1) - 1) if o.signed else Codes.unsigned(8)
    return Ports(
        Port("i", Tensor((1, 1, i.lanes), Codes.unsigned(i.bits)), i),
        Port("o", Tensor((1, 1, o.lanes), values), o),
        gives_class=False,
        classes=o.lanes,
    )
