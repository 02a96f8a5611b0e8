"""Join: codes that were found, and those of another map, as codes of their sums."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.requantize import SERIAL
from threefold.plan.sequential import Contents, Program
from threefold.plan.sequential.joined import join_latency, queue_words

from ..ram import Ram
from ..threshold_search import Search
from .loadable_search import LOADABLE_SEARCHES
from .pass_loader import threshold_write
from .table import row_layout

__all__ = ["Join"]


class Join(wiring.Component):
    """Queue of words of another map, adders, and searches among thresholds of sums.

    Parameters
    ----------
    contents : Contents
    form : str
        Form of the searches.

    Members
    -------
    descriptor : In
        Descriptor of the pass.
    fetch : In(1), words : In(ArrayLayout(bits, SIMD × pixels))
        Put the words of pixels into the queue.
    valid : In(1), codes : In(ArrayLayout(bits, lanes))
        There are codes of a beat, of a pass that adds a map to them.
    seen, word_end, pixel_end, group_end : In(1)
        The beat is one of the map that is written; what it is the last of.
    written : In
        Thresholds of sums, see :func:`~threefold.hw.sequential.pass_loader.threshold_write`.
    shown : Out(1), branch : Out(ArrayLayout(bits, lanes)), sums : Out(ArrayLayout(bits + 1, lanes))
        Codes of the map that is written, in the next cycle, and their sums with those of the other.
    o_codes : Out(ArrayLayout(bits, lanes))
        Codes of these sums, ``join_latency`` cycles behind ``valid``.
    """

    def __init__(self, contents: Contents, form: str):
        self._contents = contents
        self._form = form
        array, bits = contents.array, contents.bits
        beat = data.ArrayLayout(bits, array.lanes)
        super().__init__(
            {
                "descriptor": In(row_layout(contents.descriptors)),
                "fetch": In(1),
                "words": In(data.ArrayLayout(bits, array.simd * array.pixels)),
                "valid": In(1),
                "codes": In(beat),
                "seen": In(1),
                "word_end": In(1),
                "pixel_end": In(1),
                "group_end": In(1),
                "written": In(threshold_write(Program(contents))),
                "shown": Out(1),
                "branch": Out(beat),
                "sums": Out(data.ArrayLayout(contents.sum_bits, array.lanes)),
                "o_codes": Out(beat),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    @property
    def form(self) -> str:
        return self._form

    @property
    def latency(self) -> int:
        """Cycles from codes to those of sums."""
        return join_latency(self._form, self._contents.code_bits)

    def elaborate(self, platform):
        m = Module()

        contents, now = self._contents, self.descriptor
        lanes = contents.array.lanes
        row = Signal(range(contents.threshold_rows))
        begins, channel = Signal(), Signal.like(row)
        added = self._queue(m)
        m.d.sync += [begins.eq(self.valid), self.shown.eq(self.valid & self.seen)]
        with m.If(self.valid):
            m.d.sync += [self.branch.eq(self.codes), channel.eq(row)]
            m.d.sync += row.eq(Mux(self.pixel_end | now.sums_alike, 0, row + 1))
        for lane in range(lanes):
            search = self._search(lane)
            m.submodules[f"search_{lane}"] = search
            m.d.comb += [
                self.sums[lane].eq(self.branch[lane] + added[lane]),
                search.written.eq(self.written),
                search.total.eq(self.sums[lane]),
                search.channel.eq(channel),
                self.o_codes[lane].eq(search.code),
            ]
            if self._form in SERIAL:
                m.d.comb += search.start.eq(begins)

        return m

    def _search(self, lane: int) -> Search:
        contents = self._contents
        sizes = {"accumulator_bits": contents.sum_bits}
        return LOADABLE_SEARCHES[self._form](Program(contents), lane, **sizes)

    def _queue(self, m: Module) -> list:
        """Codes of the other map, a cycle behind those that they are added to."""
        contents, array = self._contents, self._contents.array
        bits, share = contents.bits, array.simd // array.lanes
        sizes = {"bits": bits, "code_bits": contents.code_bits, "interval": contents.interval}
        depth = queue_words(array, self._form, **sizes)
        m.submodules.queue = queue = Ram(len(self.words.as_value()), depth, "lut")
        last, first = Signal(range(depth)), Signal(range(depth))
        word, pixel, slot = (
            Signal(range(count), name=name)
            for name, count in (
                ("word", array.group_words),
                ("pixel", array.pixels),
                ("slot", share),
            )
        )
        place, taken = Signal(range(array.pixels * share)), Signal(range(array.pixels * share))
        m.d.comb += [
            queue.write.en.eq(self.fetch),
            queue.write.addr.eq(last),
            queue.write.data.eq(self.words),
            queue.read.en.eq(self.valid),
            queue.read.addr.eq(first + word),
            place.eq(pixel * share + slot),
        ]
        with m.If(self.fetch):
            m.d.sync += last.eq(last + 1)
        with m.If(self.valid):
            m.d.sync += [
                taken.eq(place),
                slot.eq(Mux(self.word_end, 0, slot + 1)),
                word.eq(Mux(self.pixel_end, 0, word + self.word_end)),
                pixel.eq(Mux(self.group_end, 0, pixel + self.pixel_end)),
            ]
        with m.If(self.valid & self.group_end):
            m.d.sync += first.eq(first + array.group_words)
        beat = Cat(queue.read.data).word_select(taken, bits * array.lanes)
        return [beat[n * bits : (n + 1) * bits] for n in range(array.lanes)]
