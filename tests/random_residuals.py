"""Random residual networks, and streamed units whose additions are part of other passes."""

import numpy as np

from threefold.errors import PlanError
from threefold.network import (
    INPUT,
    Add,
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    Node,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import Plan, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.sequential import SequentialUnit

from .accelerators import divisors
from .random_feeds import random_feed, streamed

__all__ = ["Residuals", "random_residuals", "random_residuals_plan"]

CODES = Codes.unsigned(2)


class Residuals:
    """Builder of networks with residual blocks.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int, int)
        Of the map that enters.
    digits : int
        Width of weights.
    alike : bool, optional
        Whether all channels have the same thresholds; by chance if left out.
    positive : bool
        Whether no weight is negative, so that accumulator values have the same as well.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        shape: tuple[int, int, int],
        digits: int = 2,
        alike: bool | None = None,
        positive: bool = False,
    ):
        self.rng, self.digits, self.alike, self.positive = rng, digits, alike, positive
        self.input = Tensor(shape, CODES)
        self.nodes: list[Node] = []
        self.types = {INPUT: self.input}

    def add(self, name: str, op, *inputs: str) -> str:
        self.types[name] = op.infer(*(self.types[each] for each in inputs))
        self.nodes.append(Node(name, op, inputs))
        return name

    def codes(self, name: str, source: str, codes: Codes = CODES) -> str:
        """Thresholds of each channel, or the same of all."""
        rng, tensor = self.rng, self.types[source]
        lo, hi = int(tensor.element.lo / 2), int(tensor.element.hi / 2) + 2
        rows = np.sort(rng.integers(lo, hi, (tensor.shape[2], codes.max_code)), axis=1)
        alike = rng.integers(2) if self.alike is None else self.alike
        rows = np.repeat(rows[:1], len(rows), axis=0) if alike else rows
        return self.add(name, Threshold(rows), source)

    def conv(self, name: str, source: str, filters: int, kernel: int, stride: int = 1) -> str:
        """A convolution that keeps the size, or divides it, and its codes."""
        largest = 2 ** (self.digits - 1) - 1
        shape = filters, kernel, kernel, self.types[source].shape[2]
        weights = self.rng.integers(0 if self.positive else -largest, largest + 1, shape)
        weights *= self.rng.random(weights.shape) < 0.7
        padding = ((kernel - 1) // 2,) * 2 + (kernel // 2,) * 2
        op = Conv(weights, (stride, stride), padding, 1, self.digits)
        return self.codes(name, self.add(f"{name}_sums", op, source))

    def block(self, name: str, source: str, filters: int, stride: int = 1) -> str:
        """Two convolutions or three, and an addition; its sums may be read as they are."""
        rng, kernel = self.rng, int(self.rng.integers(1, 4))
        branch = self.conv(f"{name}_a", source, int(rng.integers(1, 9)), 3, stride)
        if rng.integers(2):
            branch = self.conv(f"{name}_b", branch, int(rng.integers(1, 9)), 3)
        branch = self.conv(f"{name}_c", branch, filters, kernel)
        shortcut = source
        if self.types[source].shape[2] != filters or stride > 1:
            shortcut = self.conv(f"{name}_d", source, filters, 1, stride)
        total = self.add(f"{name}_add", Add(), *rng.permutation([branch, shortcut]).tolist())
        return self.codes(f"{name}_codes", total) if rng.integers(5) else total

    def crossed(self, name: str, source: str) -> str:
        """Two additions, the first of them to a map that a branch of the second reads as well."""
        filters = self.types[source].shape[2]
        start = self.conv(f"{name}_a", source, filters, 3)
        inner = self.conv(f"{name}_b", start, 2, 1)
        late = self.conv(f"{name}_late", start, filters, 3)
        early = self.conv(f"{name}_early", inner, filters, 3)
        first = self.codes(f"{name}_first", self.add(f"{name}_add", Add(), early, start))
        return self.codes(name, self.add(f"{name}_sums", Add(), late, first))

    def network(self, source: str, *, logits: bool) -> Network:
        if logits:
            height, width, channels = self.types[source].shape
            pool = self.add("pool", SumPool((height, width), (1, 1)), source)
            weights = self.rng.integers(-1, 2, (3, channels))
            dense = self.add("dense", Dense(weights, (1, 1, channels)), pool)
            self.add("logits", Logits([1, -2, 0]), dense)
        return Network("residual", self.input, self.nodes)


def random_residuals(rng: np.random.Generator, digits: int = 2) -> Network:
    """One to three blocks, behind a convolution or not."""
    shape = tuple(int(size) for size in rng.integers(1, 8, 3))
    made, name = Residuals(rng, shape, digits, positive=not rng.integers(4)), INPUT
    if rng.integers(2):
        name = made.conv("first", name, int(rng.integers(1, 9)), 3)
    for number in range(int(rng.integers(1, 4))):
        same = rng.integers(3)
        filters = made.types[name].shape[2] if same else int(rng.integers(1, 9))
        stride = 1 if same else int(rng.integers(1, 3))
        if same and not rng.integers(4):
            name = made.crossed(f"block{number}", name)
        else:
            name = made.block(f"block{number}", name, filters, stride)
    return made.network(name, logits=bool(rng.integers(2)))


def random_residuals_plan(rng: np.random.Generator, digits: int = 2) -> Plan:
    """Such a network on a streamed unit of random size."""
    while True:
        network, simd = random_residuals(rng, digits), int(rng.integers(1, 5))
        sizes = {
            "pixels": int(rng.integers(1, 5)),
            "lanes": int(rng.choice(divisors(simd))),
            "form": str(rng.choice(["pipelined", "sequential"])),
        }
        try:
            unit = SequentialUnit(lower(network), simd * int(rng.integers(1, 4)), simd, **sizes)
        except PlanError:  # a stride that does not suit the pixels
            continue
        made = streamed(unit, random_feed(rng), spare=int(rng.integers(2)))
        if any(each.added for each in made.passes):
            return plan_of(network, (made,))
