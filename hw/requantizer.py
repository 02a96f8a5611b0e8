"""Requantizer: codes from accumulator values, channel by channel."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.errors import PlanError
from threefold.plan.distinct import search_steps
from threefold.plan.even import EvenThresholds
from threefold.plan.requantize import (
    SERIAL,
    alike_after,
    check_form,
    requantizer_cycles,
    requantizer_latency,
    stored_channels,
)

from .distinct_search import DistinctSearch
from .divider import Divider
from .skid_buffer import SkidBuffer
from .stream import lane_stream
from .threshold_search import SEARCHES

__all__ = ["Requantizer"]


class Requantizer(wiring.Component):
    """Accumulator values turned into codes, each by the thresholds of its channel.

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^accumulator_bits − 1. Accumulator values stay below the
        largest of these.
    accumulator_bits : int
        Width of an accumulator value.
    lanes : int
        Accumulator values compared at once, a divisor of the number of channels.
    form : str
        ``"parallel"``, ``"pipelined"``, ``"sequential"`` or ``"divider"``: how a code is found,
        which decides area and time and nothing else; see :mod:`threefold.hw.threshold_search` and
        :mod:`threefold.hw.divider`.
    even : EvenThresholds, optional
        The same thresholds as lines, which a divider needs.
    pixels, pe : int
        ``pe`` channels of each of so many pixels come before the next channels of the first one;
        all channels of a pixel if it is one.
    narrower : sequence of array of int, shape (channels, largest code)
        Thresholds at further widths of a network; no divider has such.

    Members
    -------
    i : In(lane_stream(accumulator_bits, lanes))
        Accumulator values, in the order of channels and ``pixels``; ``cycles`` or more between one
        and the next.
    o : Out(lane_stream(bits, lanes))
        Codes, ``latency`` cycles later if their reader does not wait. One that it does not take
        is kept while the next are found, so that ``i.ready`` does not depend on ``o.ready``.
    width : In(range(1 + len(narrower)))
        With accumulator values: whose thresholds they are compared with. Only if there are several.

    Raises
    ------
    PlanError
        If ``lanes`` does not divide the channels or ``pe``, that not the channels, there is no
        such form, or a divider lacks lines.
    """

    def __init__(
        self,
        thresholds: np.ndarray,
        *,
        accumulator_bits: int,
        lanes: int,
        form: str = "pipelined",
        even: EvenThresholds | None = None,
        pixels: int = 1,
        pe: int | None = None,
        narrower: Sequence[np.ndarray] = (),
    ):
        thresholds = np.asarray(thresholds)
        pe = len(thresholds) if pe is None else pe
        if lanes < 1 or len(thresholds) % lanes:
            raise PlanError(f"lanes must divide {len(thresholds)} channels, not {lanes}")
        if pe < 1 or len(thresholds) % pe or pe % lanes:
            raise PlanError(
                f"the channels of a pixel that come at once must be a multiple of {lanes} lanes "
                f"and divide {len(thresholds)} channels, not {pe}"
            )
        check_form(form, even=even is not None)
        self._thresholds = thresholds
        self._accumulator_bits = accumulator_bits
        self._lanes = lanes
        self._form = form
        self._even = even
        self._pixels = pixels
        self._pe = pe
        self._bits = thresholds.shape[1].bit_length()
        self._narrower = tuple(narrower)
        self._steps = search_steps(np.concatenate([thresholds, *narrower]), accumulator_bits)
        super().__init__(
            {
                "i": In(lane_stream(accumulator_bits, lanes)),
                "o": Out(lane_stream(self._bits, lanes)),
            }
            | ({"width": In(range(1 + len(self._narrower)))} if self._narrower else {})
        )

    @property
    def thresholds(self) -> np.ndarray:
        return self._thresholds

    @property
    def accumulator_bits(self) -> int:
        return self._accumulator_bits

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def form(self) -> str:
        return self._form

    @property
    def even(self) -> EvenThresholds | None:
        return self._even

    @property
    def narrower(self) -> tuple[np.ndarray, ...]:
        return self._narrower

    @property
    def pixels(self) -> int:
        """Pixels that take turns."""
        return self._pixels

    @property
    def pe(self) -> int:
        """Channels of a pixel before those of the next one."""
        return self._pe

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self._bits

    @property
    def steps(self) -> int:
        """Comparisons of a binary search: fewer than ``bits`` where thresholds repeat."""
        return self._steps

    @property
    def latency(self) -> int:
        """Cycles from the transfer of accumulator values to their codes."""
        return requantizer_latency(self._form, self._bits, self._steps)

    @property
    def cycles(self) -> int:
        """Initiation interval: cycles from one transfer of accumulator values to the next."""
        return requantizer_cycles(self._form, self._bits, self._steps)

    def elaborate(self, platform):
        m = Module()

        # Thresholds that come again need no place of their own.
        widths, channels = (self._thresholds, *self._narrower), len(self._thresholds)
        alike = alike_after(*([self._even.lines] if self._form == "divider" else widths))
        kept = stored_channels(alike, channels, self._lanes, self._pe, self._pixels)
        stored = np.concatenate([each[:kept] for each in widths])
        groups = kept // self._lanes
        group = Signal(range(groups))
        valid = Signal(self.latency)
        accept, advance = Signal(), Signal()
        # Where values are, counted in cycles since they came; up to `cycles` they are alone.
        places = Cat(accept, valid)

        m.submodules.skid = skid = SkidBuffer(self._bits, lanes=self._lanes)
        connect(m, skid.o, flipped(self.o))

        m.d.comb += [
            skid.i.valid.eq(valid[-1]),
            advance.eq(~valid[-1] | skid.i.ready),
            self.i.ready.eq(advance & ~valid[: self.cycles - 1].any()),
            accept.eq(self.i.valid & self.i.ready),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(places)
        following = self._following(m, group, groups, accept=advance & places[self.cycles - 1])
        with m.If(advance & places[self.cycles - 1]):
            m.d.sync += group.eq(following)

        place = self._place(m, group, groups, accept=accept)
        for lane in range(self._lanes):
            search = self._search(stored[lane :: self._lanes], kept, lane)
            m.submodules[f"search_{lane}"] = EnableInserter(advance)(search)
            m.d.comb += [
                search.total.eq(self.i.payload[lane]),
                search.channel.eq(place),
                skid.i.payload[lane].eq(search.code),
            ]
            if self._form in SERIAL:
                m.d.comb += search.start.eq(accept)

        return m

    def _place(self, m: Module, group: Signal, groups: int, *, accept) -> Signal:
        """Where the thresholds of a group are, at the width that came with its values."""
        if not self._narrower:
            return group
        kept, width = Signal.like(self.width), Signal.like(self.width)
        m.d.comb += width.eq(Mux(accept, self.width, kept))
        with m.If(accept):
            m.d.sync += kept.eq(self.width)
        place = Signal(range(groups * (1 + len(self._narrower))))
        with m.Switch(width):
            for number in range(1 + len(self._narrower)):
                with m.Case(number):
                    m.d.comb += place.eq(group + number * groups)
        return place

    def _following(self, m: Module, group: Signal, groups: int, *, accept):
        """The group of channels after the one whose values ``accept`` lets go."""
        onwards = Mux(group == groups - 1, 0, group + 1)
        beats = self._pe // self._lanes
        if self._pixels == 1 or beats % groups == 0:
            return onwards
        pixel, last_pixel, last_beat = Signal(range(self._pixels)), Signal(), Signal()
        m.d.comb += last_pixel.eq(pixel == self._pixels - 1)
        if beats > 1:
            beat = Signal(range(beats))
            m.d.comb += last_beat.eq(beat == beats - 1)
            with m.If(accept):
                m.d.sync += beat.eq(Mux(last_beat, 0, beat + 1))
        else:
            m.d.comb += last_beat.eq(1)
        with m.If(accept & last_beat):
            m.d.sync += pixel.eq(Mux(last_pixel, 0, pixel + 1))
        return Mux(last_beat & ~last_pixel, group - (beats - 1), onwards)

    def _search(self, thresholds: np.ndarray, kept: int, lane: int) -> wiring.Component:
        """A search among the thresholds of a lane, of so many channels in all lanes."""
        bits = self._accumulator_bits
        if self._form == "divider":
            assert self._even is not None
            even = self._even.first(kept).of(slice(lane, None, self._lanes))
            return Divider(even, accumulator_bits=bits)
        if self._steps == self._bits:
            return SEARCHES[self._form](thresholds, accumulator_bits=bits)
        return DistinctSearch(thresholds, accumulator_bits=bits, form=self._form, steps=self._steps)
