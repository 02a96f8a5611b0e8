"""Random convolutional networks of every operation, random foldings, random images."""

from dataclasses import replace

import numpy as np

from threefold.errors import PlanError
from threefold.network import (
    INPUT,
    Add,
    ArgMax,
    Codes,
    Concat,
    Conv,
    Dense,
    Flatten,
    Logits,
    MaxPool,
    Network,
    Node,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import Folding, Layer, Plan, Unit, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.plan.requantize import forms_for
from threefold.plan.schedule import simd_widths
from threefold.plan.search.fold import plan_of
from threefold.plan.units.sequential import FORMS, STORES, SequentialUnit

from .accelerators import CODES, divisors
from .random_feeds import random_feed, streamed
from .random_widths import with_random_widths

__all__ = [
    "random_convolutional",
    "random_convolutional_plan",
    "random_mixture",
    "random_plan_of",
]

PADDED = ["unsigned1", "unsigned2", "unsigned3", "unsigned4", "signed8", "ternary", "codes5"]


def random_convolutional(rng: np.random.Generator, *, wide: bool = False) -> Network:
    """One to three blocks and an ending; which ones, and all of their parameters, by chance.

    Weights are ternary, or ``wide``: of 2 to 9 bits, by chance.
    """
    codes = CODES[rng.choice(list(CODES))]
    shape = tuple(int(size) for size in (rng.integers(1, 7), rng.integers(2, 7)))
    tensor = Tensor((*shape, int(rng.choice([1, 2, 3, 4, 6]))), codes)
    return _Builder(rng, tensor, wide).build()


def random_convolutional_plan(rng: np.random.Generator, *, wide: bool = False) -> Plan:
    """A random network on random arrays, with memories and requantizers by chance as well."""
    return random_plan_of(rng, random_convolutional(rng, wide=wide))


def random_plan_of(rng: np.random.Generator, network: Network, *, unfolded: bool = False) -> Plan:
    """Random arrays, memories and requantizers of a network; see :func:`random_arrays`."""
    widths = tuple(network.widths)
    plan = fold(network, random_arrays(rng, network, unfolded=unfolded), widths=widths)
    return plan_of(network, tuple(_varied(rng, unit) for unit in plan.units), widths=widths)


def random_mixture(
    rng: np.random.Generator,
    *,
    wide: bool = False,
    loadable: bool = False,
    feeds: bool = False,
    memory: str = "auto",
    widths: bool = False,
) -> Plan:
    """A random network, some layers of which an array takes in turn, wherever they allow it.

    Its contents are ``loadable``, or come from a memory outside that ``feeds`` it. With ``widths``
    it is computed at three.
    """
    while True:
        network = random_convolutional(rng, wide=wide)
        if widths:
            network = with_random_widths(rng, network)
        layers = lower(network, tuple(network.widths))
        if widths and not any(layer.widths for layer in layers):
            continue
        units = random_plan_of(rng, network).units
        runs = list(_runs(layers))
        if not runs:
            continue
        first, end = runs[rng.integers(len(runs))]
        if widths:  # inner layers alone lack filters
            first, end = max(runs, key=lambda ends: ends[1] - ends[0])
        for _ in range(10):
            unit = _sequential(rng, layers[first:end], loadable or feeds, memory)
            if unit and feeds:
                unit = streamed(unit, random_feed(rng), spare=int(rng.integers(2)))
            if unit:
                made = (*units[:first], unit, *units[end:])
                return plan_of(network, made, widths=tuple(network.widths))


def _runs(layers: tuple[Layer, ...]):
    """Ends of consecutive layers that one array can take in turn."""
    for first in range(len(layers)):
        for end in range(first + 2, len(layers) + 1):
            run, others = layers[first:end], layers[:first] + layers[end:]
            inner = {layer.stream for layer in run[:-1]}
            closed = not any(name in inner for layer in others for name in layer.sources)
            if closed and SequentialUnit.accepts(run):
                yield first, end


def _sequential(
    rng: np.random.Generator, run: tuple[Layer, ...], loadable: bool, memory: str
) -> SequentialUnit | None:
    """An array of random size for some layers; None if their strides do not suit it."""
    simd = int(rng.integers(1, 5))
    try:
        unit = SequentialUnit(
            run,
            simd * int(rng.integers(1, 4)),
            simd,
            pixels=int(rng.choice([1, 1, 2, 3, 4])),
            lanes=int(rng.choice(divisors(simd))),
            form=str(rng.choice(FORMS[:-1] if loadable else FORMS)),
            memory=memory,
        )
    except PlanError:
        return None
    if unit.form == "parallel" and unit.contents.code_bits > 11:
        unit = replace(unit, form="pipelined")  # thousands of comparators are not simulated
    if not loadable:
        return unit
    try:
        return unit.made_loadable(store=str(rng.choice(STORES)))
    except PlanError:  # of bipolar codes logits may be 2 apart
        return None


def _varied(rng: np.random.Generator, unit: Unit) -> Unit:
    decided, changes = unit.decisions(), {}
    if "memory" in decided:
        changes["memory"] = str(rng.choice(["auto", "auto", "spram"]))
    if "form" in decided:
        changes["form"] = str(rng.choice(forms_for(even=unit.layers[0].even is not None)))
    if "pe" in decided:
        changes["lanes"] = int(rng.choice(divisors(decided["pe"])))
    return replace(unit, **changes)


def random_arrays(
    rng: np.random.Generator, network: Network, *, unfolded: bool = False
) -> dict[str, Folding]:
    """A folding for each layer, of all those that divide it.

    With ``unfolded`` it takes several columns of the kernel at once wherever one does.
    """
    foldings = {}
    for layer in lower(network):
        if isinstance(layer, ConvLayer):
            sizes = [
                folding
                for pe in divisors(layer.rows)
                for simd in simd_widths(layer)
                for pixels in range(1, 6)
                if (folding := Folding(pe, simd, pixels)).divides(layer)
            ]
            across = [folding for folding in sizes if layer.depth % folding.simd]
            sizes = across if unfolded and across else sizes
            foldings[layer.name] = sizes[rng.integers(len(sizes))]
    return foldings


class _Builder:
    def __init__(self, rng: np.random.Generator, tensor: Tensor, wide: bool = False):
        self.rng, self.input, self.wide = rng, tensor, wide
        self.nodes: list[Node] = []
        self.types = {INPUT: tensor}

    def build(self) -> Network:
        name = INPUT
        for _ in range(self.rng.integers(1, 4)):
            block = self.rng.choice(["layer", "layer", "pool", "residual", "concat", "channels"])
            name = getattr(self, f"_{block}")(name)
        ending = self.rng.choice(["codes", "dense", "global", "class"])
        if ending == "codes" and self.nodes:
            return Network("random", self.input, self.nodes)
        if ending == "global":
            height, width, _ = self.types[name].shape
            name = self._add(SumPool((height, width), (1, 1)), name)
        elif self.rng.integers(2):
            name = self._add(Flatten(), name)
        tensor = self.types[name]
        rows = int(self.rng.integers(2, 6))
        weights, bits = self._weights((rows, tensor.size))
        name = self._add(Dense(weights, tensor.shape, bits), name)
        name = self._add(Logits(self.rng.integers(-20, 20, rows)), name)
        if ending == "class":
            self._add(ArgMax(), name)
        return Network("random", self.input, self.nodes)

    def _add(self, op, *inputs: str) -> str:
        name = f"n{len(self.nodes)}_{op.kind}"
        self.types[name] = op.infer(*(self.types[source] for source in inputs))
        self.nodes.append(Node(name, op, inputs))
        return name

    def _span(self, size: int, largest: int) -> int:
        return int(self.rng.integers(1, min(size, largest) + 1))

    def _layer(self, name: str, *, same: int = 0, codes: Codes | None = None) -> str:
        """A convolution and its threshold; with ``same`` of so many filters, keeping the size."""
        tensor, rng = self.types[name], self.rng
        height, width, channels = tensor.shape
        kernel = (self._span(height, 3), self._span(width, 3))
        groups = int(rng.choice(divisors(channels)))
        filters, stride = groups * int(rng.integers(1, 4)), (1, 1)
        padding = (0, 0, 0, 0)
        padded = tensor.element.zero_code is not None
        if same:
            groups, filters = (groups if same % groups == 0 else 1), same
            if not padded:
                kernel = (1, 1)
            above, before = (int(rng.integers(size)) for size in kernel)
            padding = (above, before, kernel[0] - 1 - above, kernel[1] - 1 - before)
        else:
            stride = (self._span(height, 3), self._span(width, 3))
            if padded:
                padding = tuple(int(rng.integers(size)) for size in kernel * 2)
        shape = (filters, *kernel, channels // groups)
        kept = rng.random(shape) < rng.choice([0.15, 0.6, 1.0])
        weights, bits = self._weights(shape)
        conv = Conv(weights * kept, stride, padding, groups, bits)
        return self._threshold(self._add(conv, name), codes)

    def _weights(self, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
        """Weights and their width; those of more than two bits are small at times."""
        rng = self.rng
        bits = int(rng.choice([2, 3, 4, 5, 8, 9])) if self.wide else 2
        largest = 2 ** (bits - 1) - 1
        if bits == 2 or rng.integers(2):
            return rng.integers(-largest, largest + 1, shape), bits
        spread = rng.standard_normal(shape) * largest / rng.choice([2, 4, 8])
        return np.clip(np.rint(spread), -largest, largest).astype(np.int64), bits

    def _threshold(self, name: str, codes: Codes | None = None) -> str:
        element, rng = self.types[name].element, self.rng
        codes = codes or CODES[rng.choice(PADDED)]
        shape = (self.types[name].shape[2], codes.max_code)
        thresholds = np.sort(rng.integers(element.lo - 1, element.hi + 2, shape), axis=1)
        return self._add(Threshold(thresholds, codes.step, codes.offset), name)

    def _pool(self, name: str) -> str:
        rng = self.rng
        height, width, _ = self.types[name].shape
        kernel = (self._span(height, 3), self._span(width, 3))
        stride = (self._span(height, 2), self._span(width, 2))
        if rng.integers(3) == 0:
            return self._threshold(self._add(SumPool(kernel, stride), name))
        padding = tuple(int(rng.integers(size)) for size in kernel * 2)
        return self._add(MaxPool(kernel, stride, padding), name)

    def _residual(self, name: str) -> str:
        """A branch of layers beside a shortcut, which may be a layer or more channels."""
        rng = self.rng
        start, wanted = name, self.types[name].shape[2]
        shortcut = start
        kind = rng.choice(["identity", "layer", "channels"])
        if kind == "channels" and self.types[start].element.zero_code is not None:
            wanted += 2
            shortcut = self._add(PadChannels(1, 1), start)
        elif kind == "layer":
            wanted = int(rng.integers(1, 5))
            shortcut = self._layer(start, same=wanted, codes=Codes.unsigned(2))
        for _ in range(rng.integers(1, 3)):
            name = self._layer(name, same=wanted, codes=Codes(3, offset=-2))
        step = self.types[shortcut].element.step
        name = self._threshold(name, Codes(3, step, -2 * step))
        total = self._add(Add(), *rng.permutation([name, shortcut]).tolist())
        return self._threshold(total) if rng.integers(4) else total

    def _concat(self, name: str) -> str:
        one, other = (
            self._layer(name, same=self._span(4, 4), codes=CODES["ternary"]) for _ in "ab"
        )
        return self._add(Concat(), one, other)

    def _channels(self, name: str) -> str:
        if self.types[name].element.zero_code is None:
            return self._layer(name)
        return self._add(PadChannels(int(self.rng.integers(3)), int(self.rng.integers(1, 3))), name)
