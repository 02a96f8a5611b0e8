"""Distinct search: codes of channels whose thresholds repeat, looked up behind a shorter search."""

import numpy as np
from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In

from threefold.plan.distinct import distinct_thresholds
from threefold.plan.requantize import requantizer_latency

from .family import family_of
from .register import registered
from .rom import rom
from .threshold_search import SEARCHES, Search

__all__ = ["DistinctSearch"]


class DistinctSearch(Search):
    """Search among the thresholds of a channel that differ, and a memory of the codes between.

    Behind the search, one cycle reads the code, and a register follows, since block RAM gives its
    data late in the cycle.

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^accumulator_bits − 1. Accumulator values stay below the
        largest of these.
    accumulator_bits : int
        Width of an accumulator value.
    form : str
        Form of the search, one of :data:`~threefold.plan.requantize.FORMS`.
    steps : int
        Width of the number of thresholds reached: at most 2^steps − 1 of a channel differ.

    Members
    -------
    total, channel, code
        As those of :class:`~threefold.hw.threshold_search.ParallelSearch`.
    start : In(1)
        As that of :class:`~threefold.hw.threshold_search.SequentialSearch`, and only in that form.
        The channel has to stay until the code is read.
    """

    def __init__(self, thresholds: np.ndarray, *, accumulator_bits: int, form: str, steps: int):
        self._form = form
        self._steps = steps
        start = {"start": In(1)} if form == "sequential" else {}
        super().__init__(thresholds, accumulator_bits=accumulator_bits, **start)

    @property
    def form(self) -> str:
        return self._form

    @property
    def steps(self) -> int:
        return self._steps

    def elaborate(self, platform):
        m = Module()

        kept = distinct_thresholds(self._thresholds, self._accumulator_bits, self._steps)
        m.submodules.search = search = SEARCHES[self._form](
            kept.thresholds, accumulator_bits=self._accumulator_bits
        )
        m.submodules.codes = memory = rom(
            self._bits, kept.codes.ravel().tolist(), family=family_of(platform)
        )
        port = memory.read_port()

        channel = self.channel
        if self._form == "sequential":
            m.d.comb += search.start.eq(self.start)
        else:
            for cycle in range(requantizer_latency(self._form, self._steps)):
                channel = registered(m, f"channel_{cycle}", channel)
        m.d.comb += [
            search.total.eq(self.total),
            search.channel.eq(self.channel),
            port.addr.eq(Cat(search.code, channel)),
            self.code.eq(registered(m, "code_read", port.data)),
        ]

        return m
