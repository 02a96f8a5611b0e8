"""Threshold search in three forms: how many sorted thresholds an accumulator value reaches.

They have the same parameters and, but for ``start``, the same members, and none of them waits:
to stall one, wrap it in an ``EnableInserter``. :class:`threefold.hw.requantizer.Requantizer`
makes streams of them.
"""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .register import registered
from .threshold_memory import ThresholdMemory
from .threshold_tree import threshold_tree

__all__ = ["SEARCHES", "ParallelSearch", "PipelinedSearch", "Search", "SequentialSearch"]


class Search(wiring.Component):
    """Base of searches: their parameters and members, see :class:`ParallelSearch`."""

    def __init__(self, thresholds: np.ndarray, *, accumulator_bits: int, **members):
        self._thresholds = np.asarray(thresholds)
        self._accumulator_bits = accumulator_bits
        self._bits = self._thresholds.shape[1].bit_length()
        super().__init__(
            {
                "total": In(accumulator_bits),
                "channel": In(range(len(self._thresholds))),
                "code": Out(self._bits),
            }
            | members
        )

    @property
    def thresholds(self) -> np.ndarray:
        return self._thresholds

    @property
    def accumulator_bits(self) -> int:
        return self._accumulator_bits

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self._bits

    def _memory(self, m: Module, name: str, rows: np.ndarray) -> ThresholdMemory:
        """Memory of some rows of thresholds, as a submodule."""
        memory = ThresholdMemory(rows, accumulator_bits=self._accumulator_bits)
        m.submodules[name] = memory
        return memory


class ParallelSearch(Search):
    """Comparison with all thresholds at once: a comparator for each, and one memory for all.

    One cycle reads, one compares, and for codes of several bits one encodes: of sorted thresholds
    an accumulator value reaches the first few, and where they end is the code.

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^accumulator_bits − 1. Accumulator values stay below the
        largest of these.
    accumulator_bits : int
        Width of an accumulator value.

    Members
    -------
    total : In(accumulator_bits)
        Accumulator value.
    channel : In
        Whose thresholds to compare with.
    code : Out(bits)
        Number of thresholds that the accumulator value of a few cycles ago reaches.
    """

    def elaborate(self, platform):
        m = Module()

        thresholds = self._memory(m, "levels", self._thresholds)
        total = registered(m, "total", self.total)
        m.d.comb += [thresholds.row.eq(self.channel), thresholds.total.eq(total)]
        if self._bits > 1:
            m.d.comb += self.code.eq(registered(m, "code", _length(thresholds.reached)))
        else:
            m.d.comb += self.code.eq(thresholds.reached)

        return m


class PipelinedSearch(Search):
    """Binary search, one accumulator value a cycle: a comparator and a memory for each bit.

    Step ``j`` knows the upper ``j`` bits of the code, which with the channel address a memory of
    ``2^j`` thresholds a channel; its comparison gives the next bit. A step takes the two cycles of
    a :class:`ThresholdMemory`.

    Parameters and members are those of :class:`ParallelSearch`.
    """

    def elaborate(self, platform):
        m = Module()

        tree = threshold_tree(self._thresholds, self._accumulator_bits)
        total, channel, code = self.total, self.channel, Signal(0)
        for step in range(self._bits):
            rows = tree[:, 2**step : 2 ** (step + 1)].reshape(-1, 1)
            thresholds = self._memory(m, f"levels_{step}", rows)
            m.d.comb += thresholds.row.eq(Cat(code, channel))
            for phase in ("read", "compare"):
                total, channel, code = (
                    registered(m, f"{phase}_{what}_{step}", value)
                    for what, value in (("total", total), ("channel", channel), ("code", code))
                )
                if phase == "read":
                    m.d.comb += thresholds.total.eq(total)
            code = Cat(thresholds.reached, code)
        m.d.comb += self.code.eq(code)

        return m


class SequentialSearch(Search):
    """Binary search, one accumulator value at a time: a single comparator and a single memory.

    The bits of the code come one by one, each in three cycles: one to read a threshold, one to
    compare with it, one to choose the next.

    Parameters are those of :class:`ParallelSearch`.

    Members
    -------
    start : In(1)
        Search for the code of ``total``. Only when no search is under way: the next can start
        in the cycle in which ``code`` is there.
    total : In(accumulator_bits)
        Accumulator value, read when the search starts.
    channel : In
        Whose thresholds to compare with. It has to stay until the last comparison.
    code : Out(bits)
        Number of thresholds reached, ``3 bits`` cycles after the start, until the next.
    """

    def __init__(self, thresholds: np.ndarray, *, accumulator_bits: int, **members):
        super().__init__(thresholds, accumulator_bits=accumulator_bits, start=In(1), **members)

    def elaborate(self, platform):
        m = Module()

        rows = threshold_tree(self._thresholds, self._accumulator_bits).reshape(-1, 1)
        thresholds = self._memory(m, "levels", rows)

        node = Signal(self._bits, init=1)
        code = Signal(self._bits, reset_less=True)
        total = Signal(self._accumulator_bits, reset_less=True)
        comparing, choosing = Signal(), Signal()

        # Nothing is between the node and the memory, or synthesis makes it part of a table of
        # LUTs, and several times as large. So there is a code of its own to hold.
        m.d.comb += [
            thresholds.row.eq(Cat(node, self.channel)),
            thresholds.total.eq(total),
            self.code.eq(code),
        ]
        m.d.sync += [
            comparing.eq(~comparing & ~choosing & (self.start | node[1:].any())),
            choosing.eq(comparing),
        ]
        with m.If(self.start):
            m.d.sync += total.eq(self.total)
        with m.If(choosing):
            m.d.sync += node.eq(Mux(node[-1], 1, Cat(thresholds.reached, node)))
        with m.If(choosing & node[-1]):
            m.d.sync += code.eq(Cat(thresholds.reached, node[:-1]))

        return m


SEARCHES = {
    "parallel": ParallelSearch,
    "pipelined": PipelinedSearch,
    "sequential": SequentialSearch,
}
"""Searches by the names of their forms."""


def _length(run):
    """Length of the run of ones that ``run`` starts with; zeros follow."""
    if len(run) == 1:
        return run
    bits = len(run).bit_length()
    half = 2 ** (bits - 1)
    upper = run[half - 1]
    below, above = run[: half - 1], run[half:]
    if not len(above):
        return Cat(Mux(upper, 0, _length(below)), upper)
    return Cat(Mux(upper, _length(above), _length(below)), upper)
