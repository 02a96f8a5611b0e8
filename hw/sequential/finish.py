"""Finish: words of codes from the accumulator values of groups."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from threefold.plan.requantize import SERIAL, requantizer_latency
from threefold.plan.sequential import Contents, Program

from ..threshold_search import SEARCHES, Search
from .join import Join
from .loadable_search import LOADABLE_SEARCHES
from .pass_loader import threshold_write
from .sequencer import marks
from .table import row_layout

__all__ = ["Finish", "moves"]

_JOINED = ("fetch", "words", "shown", "branch", "sums")
_ENDS = ("word_end", "pixel_end", "group_end", "step_end", "row_end", "pass_end")
moves = data.StructLayout(dict.fromkeys(("write", *_ENDS), 1))
"""What a word is the last of, and whether it belongs to the map."""


class Finish(wiring.Component):
    """Searches among thresholds, one for each of some lanes, for pixels in turn.

    Parameters
    ----------
    contents : Contents
    form : str
        Form of the searches, a key of :data:`~threefold.hw.threshold_search.SEARCHES`.

    Members
    -------
    start : In(1), descriptor : In
        A pass begins; its descriptor.
    valid : In(1), marks : In, values : In
        Accumulator values of a group, as the array gives them.
    seen : Out(1)
        ``beat`` holds accumulator values of the map.
    beat : Out(ArrayLayout(accumulator bits, lanes))
    word : Out(ArrayLayout(bits, SIMD))
        Codes of a word.
    keep : Out(1)
        ``beat`` holds values of which logits are made.
    moves : Out
        What a word is the last of; none is there where all are 0.
    written : In
        Thresholds of contents from outside, if there are such; see
        :func:`~threefold.hw.sequential.pass_loader.threshold_write`.
    fetch, words, shown, branch, sums
        Those of :class:`~threefold.hw.sequential.join.Join`, if maps are added to codes.
    """

    def __init__(self, contents: Contents, form: str):
        self._contents = contents
        self._form = form
        array = contents.array
        self._join = Join(contents, form) if contents.joins else None
        written = {"written": In(threshold_write(Program(contents)))} if contents.limits else {}
        if self._join:
            written |= {name: self._join.signature.members[name] for name in _JOINED}
        super().__init__(
            {
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "valid": In(1),
                "marks": In(marks),
                "values": In(data.ArrayLayout(contents.accumulator_bits, array.pe * array.pixels)),
                "seen": Out(1),
                "beat": Out(data.ArrayLayout(contents.accumulator_bits, array.lanes)),
                "keep": Out(1),
                "word": Out(data.ArrayLayout(contents.bits, array.simd)),
                "moves": Out(moves),
            }
            | written
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    @property
    def form(self) -> str:
        return self._form

    def elaborate(self, platform):
        m = Module()

        contents, now = self._contents, self.descriptor
        array, interval = contents.array, contents.interval
        parts = Signal(len(self.values.as_value()), reset_less=True)
        where = Signal(marks, reset_less=True)
        active, begins, ends = Signal(), Signal(), Signal()
        m.d.comb += [begins.eq(active), ends.eq(active)]
        if interval > 1:
            phase = Signal(range(interval))
            m.d.comb += [begins.eq(active & (phase == 0)), ends.eq(phase == interval - 1)]
            with m.If(active):
                m.d.sync += phase.eq(Mux(ends, 0, phase + 1))

        beat, pixel = Signal.like(now.beats, name="beat_index"), Signal.like(now.pixels)
        slot = Signal(range(array.simd // array.lanes))
        following = Signal(moves)
        m.d.comb += [
            following.word_end.eq(slot == array.simd // array.lanes - 1),
            following.pixel_end.eq(beat == now.beats),
            following.group_end.eq(following.pixel_end & (pixel == now.pixels)),
            following.step_end.eq(following.group_end & where.step_end),
            following.row_end.eq(following.step_end & where.last_step),
            following.pass_end.eq(following.group_end & where.pass_end),
            self.seen.eq(
                begins
                & (~where.step_end | (beat <= now.last_beats))
                & (~where.last_step | (pixel <= now.last_pixels))
            ),
            self.keep.eq(self.seen & now.values),
            following.write.eq(self.seen & following.word_end & ~now.values),
            self.beat.as_value().eq(parts[: len(self.beat.as_value())]),
        ]
        # Where each beat is searched for in a cycle, nobody sees what there is between groups.
        with m.If(ends if interval > 1 else Const(1)):
            m.d.sync += parts.eq(parts[len(self.beat.as_value()) :])
        with m.If(ends):
            m.d.sync += [
                slot.eq(Mux(following.word_end, 0, slot + 1)),
                beat.eq(Mux(following.pixel_end, 0, beat + 1)),
            ]
            with m.If(following.pixel_end):
                m.d.sync += pixel.eq(Mux(following.group_end, 0, pixel + 1))
            with m.If(following.group_end):
                m.d.sync += active.eq(0)
        with m.If(self.valid):
            m.d.sync += [parts.eq(self.values.as_value()), where.eq(self.marks), active.eq(1)]

        row = self._thresholds_row(m, following, ends)
        codes = self._searches(m, row, begins)
        self._collect(m, codes, following, begins)

        return m

    def _thresholds_row(self, m: Module, following, ends) -> Signal:
        """Row of the thresholds of a beat, within each lane."""
        now = self.descriptor
        rows = self._contents.threshold_rows
        row, first = Signal(range(rows)), Signal(range(rows))
        with m.If(self.start):
            m.d.sync += [row.eq(now.thresholds), first.eq(now.thresholds)]
        with m.Elif(ends & ~now.alike):
            m.d.sync += row.eq(row + 1)
            with m.If(following.pixel_end):
                m.d.sync += row.eq(first)
            with m.If(following.group_end):
                m.d.sync += [row.eq(row + 1), first.eq(row + 1)]
            with m.If(following.step_end):
                m.d.sync += [row.eq(now.thresholds), first.eq(now.thresholds)]
        return row

    def _searches(self, m: Module, row: Signal, begins) -> list:
        """Codes of a beat."""
        contents, codes = self._contents, []
        own = self._own_thresholds(m) if contents.limits else None
        for lane in range(contents.array.lanes):
            search = self._search(m, lane, own)
            m.submodules[f"search_{lane}"] = search
            m.d.comb += [search.total.eq(self.beat[lane]), search.channel.eq(row)]
            if self._form in SERIAL:
                m.d.comb += search.start.eq(begins)
            code = Signal(contents.bits, name=f"code_{lane}")
            m.d.comb += code.eq(search.code)
            codes.append(code)
        return codes

    def _own_thresholds(self, m: Module) -> View:
        """Thresholds that are written of accumulator values; those of sums go to the others."""
        if not self._join:
            return self.written
        now, rows, written = self.descriptor, self._contents.threshold_rows, self.written
        own = Signal.like(written)
        behind, of_sums = Signal.like(written.row), Signal()
        # Rows beyond those that a search has are none, see PassLoader.
        m.d.comb += [
            of_sums.eq(now.joins & (written.row >= now.sums)),
            behind.eq(written.row - now.sums),
            own.eq(written),
            own.enable.eq(written.enable & ~of_sums & (written.row < rows)),
            self._join.written.eq(written),
            self._join.written.row.eq(behind),
            self._join.written.enable.eq(written.enable & of_sums & (behind < rows)),
        ]
        return own

    def _search(self, m: Module, lane: int, own: View | None) -> Search:
        """The search of a lane."""
        contents = self._contents
        if contents.limits:
            search = LOADABLE_SEARCHES[self._form](Program(contents), lane)
            m.d.comb += search.written.eq(own)
            return search
        return SEARCHES[self._form](
            contents.thresholds[lane :: contents.array.lanes],
            accumulator_bits=contents.accumulator_bits,
        )

    def _collect(self, m: Module, codes: list, following, begins) -> None:
        """Words of the codes of some beats, with what each is the last of."""
        latency = requantizer_latency(self._form, self._contents.code_bits)
        # Each end implies those before it, so that a number stands for them.
        ends = Cat(following[name] for name in _ENDS)
        level = Signal(range(len(_ENDS) + 1))
        for number in range(len(_ENDS)):
            with m.If(ends[number]):
                m.d.comb += level.eq(number + 1)
        sent = Cat(following.write, level, *([self.seen] if self._join else []))
        width = len(sent)
        there, travelling = Signal(latency), Signal(width * latency)
        m.d.sync += [
            there.eq(Cat(begins, there)),
            travelling.eq(Cat(sent & begins.replicate(width), travelling)),
        ]
        beat, there, arrived = Cat(codes), there[-1], travelling[-width:]
        if self._join:
            beat, there, arrived = self._joined(m, beat, there, arrived)
        held = Signal(len(self.word.as_value()) - len(beat), reset_less=True)
        m.d.comb += [
            self.word.as_value().eq(Cat(held, beat)),
            self.moves.write.eq(arrived[0]),
            *(self.moves[name].eq(arrived[1:] > n) for n, name in enumerate(_ENDS)),
        ]
        with m.If(there):
            m.d.sync += held.eq(Cat(held, beat)[len(beat) :])

    def _joined(self, m: Module, beat, there, arrived) -> tuple:
        """The codes of a beat, or those of their sums if the pass adds a map to them."""
        join, joins = self._join, self.descriptor.joins
        m.submodules.join = join
        level = arrived[1:-1]
        word_end, pixel_end, group_end = (level > n for n in range(3))
        m.d.comb += [
            join.descriptor.eq(self.descriptor),
            join.valid.eq(there & joins),
            join.codes.as_value().eq(beat),
            join.seen.eq(arrived[-1]),
            join.word_end.eq(word_end),
            join.pixel_end.eq(pixel_end),
            join.group_end.eq(group_end),
            join.fetch.eq(self.fetch),
            join.words.eq(self.words),
            self.shown.eq(join.shown),
            self.branch.eq(join.branch),
            self.sums.eq(join.sums),
        ]
        now = Cat(there, arrived[:-1])
        width = len(now)
        later = Signal(width * join.latency)
        m.d.sync += later.eq(Cat(now & joins.replicate(width), later))
        chosen = Mux(joins, Cat(later[-width:], join.o_codes), Cat(now, beat))
        return chosen[width:], chosen[0], chosen[1:width]
