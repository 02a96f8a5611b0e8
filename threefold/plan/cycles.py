"""The cycle model: when images enter and leave, to the cycle, without simulating any data.

Each class stands for one hardware component and keeps only what decides its handshakes. Its
``ready`` and ``tick`` say in Python what the component's flow control says in hardware, so
predicted and simulated cycles are equal, not close.
"""

from dataclasses import dataclass
from math import gcd
from typing import Protocol

from .engine import EnginePlan

__all__ = [
    "Cycles",
    "Stage",
    "adder_levels",
    "interval_of",
    "pe_latency",
    "predict",
    "requantizer_latency",
    "settling",
    "stages",
    "trace",
]


@dataclass(frozen=True)
class Cycles:
    """Speed of an accelerator in clock cycles.

    Attributes
    ----------
    latency : int
        From the cycle in which the first word of an image enters the idle accelerator to the
        one in which its last output leaves.
    interval : float
        Between consecutive images when they follow each other without a gap.
    """

    latency: int
    interval: float


class Stage(Protocol):
    """A component between two streams. ``valid`` is its output's, a matter of state alone."""

    valid: bool

    def ready(self, o_ready: bool) -> bool:
        """Whether it accepts a beat in this cycle."""

    def tick(self, i_valid: bool, o_ready: bool) -> None:
        """Pass one clock edge."""


class _Array:
    """Activation buffer, sequencer and PE array; its output is a row group's totals."""

    def __init__(self, plan: EnginePlan):
        schedule = plan.schedule
        self._words, self._banks = schedule.words, plan.banks
        self._last = schedule.last
        self._top = 1 << pe_latency(plan.layer.codes.bits, plan.folding.simd)
        self._filled = self._column = self._tile = self._pipe = 0
        self.valid = False

    def ready(self, o_ready: bool) -> bool:
        return self._filled != self._banks

    def tick(self, i_valid: bool, o_ready: bool) -> None:
        filled = self._filled
        if i_valid and filled != self._banks:
            self._column += 1
            if self._column == self._words:
                self._column = 0
                self._filled += 1
        if self.valid and not o_ready:
            return
        pipe = (self._pipe << 1) & (2 * self._top - 1)
        if filled:
            pipe |= self._last[self._tile]
            self._tile += 1
            if self._tile == len(self._last):
                self._tile = 0
                self._filled -= 1
        self._pipe = pipe
        self.valid = bool(pipe & self._top)


class _Pipeline:
    """Requantizer or logit adder: a rigid pipeline of ``latency`` stages."""

    def __init__(self, latency: int):
        self._top = 1 << (latency - 1)
        self._pipe = 0
        self.valid = False

    def ready(self, o_ready: bool) -> bool:
        return not self.valid or o_ready

    def tick(self, i_valid: bool, o_ready: bool) -> None:
        if not self.valid or o_ready:
            self._pipe = ((self._pipe << 1) & (2 * self._top - 1)) | i_valid
            self.valid = bool(self._pipe & self._top)


class _Serializer:
    def __init__(self, ratio: int):
        self._ratio = ratio
        self._left = 0
        self.valid = False

    def ready(self, o_ready: bool) -> bool:
        return self._left == 0 or (self._left == 1 and o_ready)

    def tick(self, i_valid: bool, o_ready: bool) -> None:
        if i_valid and self.ready(o_ready):
            self._left = self._ratio
        elif self._left and o_ready:
            self._left -= 1
        self.valid = self._left != 0


class _Deserializer:
    def __init__(self, ratio: int):
        self._ratio = ratio
        self._count = 0
        self.valid = False

    def ready(self, o_ready: bool) -> bool:
        return not self.valid or o_ready

    def tick(self, i_valid: bool, o_ready: bool) -> None:
        if self.valid:
            if o_ready:
                self._count = int(i_valid)
        elif i_valid:
            self._count += 1
        self.valid = self._count == self._ratio


class _ArgMax:
    def __init__(self, channels: int):
        self._channels = channels
        self._index = 0
        self.valid = False

    def ready(self, o_ready: bool) -> bool:
        return self._index != self._channels - 1 or not self.valid or o_ready

    def tick(self, i_valid: bool, o_ready: bool) -> None:
        accept = i_valid and self.ready(o_ready)
        if o_ready:
            self.valid = False
        if accept:
            self._index += 1
            if self._index == self._channels:
                self._index = 0
                self.valid = True


def adder_levels(largest: int, terms: int) -> int:
    """Registered levels of an adder tree; terms of one bit are added by threes at first."""
    if largest == 1 and terms > 1:
        return 1 + (-(-terms // 3) - 1).bit_length()
    return (terms - 1).bit_length()


def pe_latency(bits: int, simd: int) -> int:
    """Cycles from a tile's operands to a total that holds them.

    One for the lanes, one for each adder level, one for the accumulator.
    """
    return 2 + adder_levels(2**bits - 1, simd)


def requantizer_latency(bits: int) -> int:
    """Cycles of a search for a code: for each bit one to read a level and one to compare."""
    return 2 * bits


def stages(engines: tuple[EnginePlan, ...], argmax: bool) -> tuple[list[Stage], int]:
    """The components of an accelerator in order, and the output beats of one image."""
    chain: list[Stage] = []
    lanes = engines[0].folding.simd
    for plan in engines:
        chain += _resizers(lanes, plan.folding.simd)
        codes = plan.layer.out_codes
        latency = requantizer_latency(codes.bits) if codes else 1
        chain += [_Array(plan), _Serializer(plan.folding.pe // plan.lanes), _Pipeline(latency)]
        lanes = plan.lanes
    rows = engines[-1].layer.rows
    if argmax:
        chain += [*_resizers(lanes, 1), _ArgMax(rows)]
        return chain, 1
    return chain, rows // lanes


def trace(engines: tuple[EnginePlan, ...], argmax: bool, images: int) -> tuple[int, list[int]]:
    """Cycle in which the first image starts to enter, and those in which images have left.

    The source always has a word and the sink always takes one.
    """
    chain, beats = stages(engines, argmax)
    words = images * engines[0].schedule.words
    left, sent, cycle = [], 0, 0
    received = 0
    while len(left) < images:
        ready = [True]
        for stage in reversed(chain):
            ready.append(stage.ready(ready[-1]))
        ready.reverse()
        valid = [sent < words, *(stage.valid for stage in chain)]
        sent += valid[0] and ready[0]
        if valid[-1]:
            received += 1
            if received % beats == 0:
                left.append(cycle)
        for index, stage in enumerate(chain):
            stage.tick(valid[index], ready[index + 1])
        cycle += 1
    return 0, left


def predict(engines: tuple[EnginePlan, ...], argmax: bool) -> Cycles:
    """Latency and interval of an accelerator."""
    start, left = trace(engines, argmax, settling(engines))
    return Cycles(left[0] - start, interval_of(left))


def settling(engines: tuple[EnginePlan, ...]) -> int:
    """Images in a row after which the distance between them is steady.

    Before, the accelerator fills: the first images find buffers empty and meet other waits.
    """
    return 8 + 4 * sum(plan.banks for plan in engines)


def interval_of(left: list[int]) -> float:
    """Steady distance of the cycles in which images leave: the mean over the later half."""
    half = len(left) // 2
    span = len(left) - 1 - half
    if span < 1:
        return float("nan")
    mean = (left[-1] - left[half]) / span
    return int(mean) if mean == int(mean) else mean


def _resizers(lanes: int, target: int) -> list[Stage]:
    common = gcd(lanes, target)
    chain: list[Stage] = []
    if lanes != common:
        chain.append(_Serializer(lanes // common))
    if target != common:
        chain.append(_Deserializer(target // common))
    return chain
