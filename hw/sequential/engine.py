"""Sequential engine: one array that takes layers in turn, with the maps between them."""

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out, PureInterface, connect, flipped

from threefold.plan.units.sequential import SequentialUnit

from ..logits import LogitAdder
from ..resizer import Serializer
from ..stream import lane_stream, shape_of
from .array import SequentialArray
from .finish import Finish
from .loadable_logits import LoadableLogits
from .loader import Loader
from .map_buffer import MapBuffer
from .map_reader import MapReader
from .map_store import MapStore
from .map_writer import MapWriter
from .results import Results
from .sequencer import Sequencer
from .store_writer import StoreWriter
from .table import Table
from .unloader import Unloader
from .weight_rows import WeightRows

__all__ = ["SequentialEngine"]


class SequentialEngine(wiring.Component):
    """Engine of layers that follow each other, over maps that arrive as a stream.

    An image enters, the array takes the passes one after the other, and the last map leaves.
    Descriptors, weights and thresholds are part of the hardware; in subclasses they come from
    outside.

    Parameters
    ----------
    plan : SequentialUnit

    Members
    -------
    i : In(lane_stream(code bits, lanes))
        Codes of the map that is read.
    o : Out(lane_stream(code bits, lanes))
        Codes of the last map, or signed logits.
    now : In(range(widths))
        Width of the image that is worked on, if there are several: known ahead of its last beat.
    image_end : Out(1)
        The last beat of an image leaves, if there are several widths.
    others : Out(lane_stream)
        One for each of ``plan.taps`` behind the first, named as they say: what is written of the
        other maps, and of the values in front of thresholds. Nothing waits for them.
    """

    def __init__(self, plan: SequentialUnit):
        self._plan = plan
        entering, leaving = plan.inputs[0], plan.outputs[0]
        inner = {
            tap.port: Out(lane_stream(tap.type.bits, tap.type.lanes))
            for tap in plan.taps
            if tap.port != "o"
        }
        super().__init__(
            {
                "i": In(lane_stream(entering.bits, entering.lanes)),
                "o": Out(lane_stream(shape_of(leaving), leaving.lanes)),
            }
            | self.members_of(plan)
            | inner
        )

    @property
    def plan(self) -> SequentialUnit:
        return self._plan

    @staticmethod
    def members_of(plan: SequentialUnit) -> dict:
        """Members besides the streams that each engine has."""
        if not plan.narrower:
            return {}
        return {"now": In(range(1 + len(plan.narrower))), "image_end": Out(1)}

    def elaborate(self, platform):
        m = Module()

        plan, contents = self._plan, self._plan.contents
        m.submodules.sequencer = sequencer = Sequencer(contents)
        m.submodules.reader = reader = MapReader(contents)
        m.submodules.array = array = SequentialArray(contents)
        m.submodules.finish = finish = Finish(contents, plan.form)
        m.submodules.loader = self._loader(m)
        m.submodules.unloader = self._unloader(m)
        if contents.array.copies:
            m.submodules.writer = writer = StoreWriter(contents)
            m.submodules.buffer = buffer = MapStore(contents)
        else:
            m.submodules.writer = writer = MapWriter(contents)
            m.submodules.buffer = buffer = self.map_buffer()

        loading, step = Signal(init=1), Signal(range(len(contents.tiled)))
        begin, last, leaving = self.add_phases(m, loading=loading, step=step)
        if plan.narrower:
            self._follow_width(m, loading=loading, step=step, last=last)
        start, now = self.add_contents(m, begin=begin, last=last, step=step, loading=loading)
        m.d.comb += m.submodules.unloader.enable.eq(leaving & self.may_leave(m))

        marks = sequencer.marks
        valid, doubles, ends = (
            Signal(contents.reader_latency, name=name) for name in ("valid", "doubles", "ends")
        )
        places = Signal(contents.reader_latency * len(marks.as_value()))
        m.d.sync += [
            valid.eq(sequencer.issue | valid << 1),
            doubles.eq(sequencer.tile.double | doubles << 1),
            ends.eq(sequencer.last | ends << 1),
            places.eq(marks.as_value() | places << len(marks.as_value())),
        ]
        m.d.comb += [
            *(each.start.eq(start) for each in (sequencer, reader, finish, writer)),
            *(each.descriptor.eq(now) for each in (sequencer, reader, finish, writer)),
            reader.issue.eq(sequencer.issue),
            reader.tile.eq(sequencer.tile),
            reader.group_end.eq(sequencer.group_end),
            reader.step_end.eq(marks.step_end),
            reader.row_end.eq(marks.step_end & marks.last_step),
            reader.data.eq(buffer.data),
            array.valid.eq(valid[-1] & ~self._fetches(m) if contents.joins else valid[-1]),
            array.double.eq(doubles[-1]),
            array.last.eq(ends[-1]),
            array.marks.as_value().eq(places[-len(marks.as_value()) :]),
            array.largest.eq(now.largest),
            array.words.eq(reader.words),
            finish.valid.eq(array.o_valid),
            finish.marks.eq(array.o_marks),
            finish.values.eq(array.values),
            writer.moves.eq(finish.moves),
        ]
        self._connect_buffer(m, loading)
        self._add_taps(m, finish, step)

        return m

    def map_buffer(self) -> MapBuffer:
        """Where maps are that no pass copies."""
        return MapBuffer(self._plan.contents, self._plan.memory)

    def _fetches(self, m: Module) -> Value:
        """Whether the words of a tile are those of a map that is added to codes."""
        sequencer, reader, finish = (
            getattr(m.submodules, name) for name in ("sequencer", "reader", "finish")
        )
        fetches = Signal(self._plan.contents.reader_latency)
        m.d.sync += fetches.eq(Cat(sequencer.issue & sequencer.tile.join, fetches))
        m.d.comb += [finish.fetch.eq(fetches[-1]), finish.words.eq(reader.words)]
        return fetches[-1]

    def _connect_buffer(self, m: Module, loading: Signal) -> None:
        """Who reads maps and who writes them: an image that enters, passes, the map that leaves."""
        contents = self._plan.contents
        buffer, reader, finish, unloader = (
            getattr(m.submodules, name) for name in ("buffer", "reader", "finish", "unloader")
        )
        self.connect_writes(m, loading)
        m.d.comb += [buffer.read.eq(reader.read), buffer.address.eq(reader.address)]
        if contents.offsets is not None:
            m.d.comb += [unloader.write.eq(finish.keep), unloader.values.eq(finish.beat)]
        if contents.array.copies:
            if contents.offsets is None:
                m.d.comb += [
                    buffer.fetch.eq(unloader.read),
                    buffer.fetched_place.eq(unloader.place),
                    unloader.data.eq(buffer.fetched),
                ]
            return
        if contents.offsets is None:
            m.d.comb += [
                unloader.data.eq(buffer.data),
                buffer.read.eq(reader.read | unloader.read),
            ]
            for n in range(contents.array.pixels):
                address = Mux(unloader.enable, unloader.place, reader.address[n])
                m.d.comb += buffer.address[n].eq(address)

    def connect_writes(self, m: Module, loading: Signal) -> None:
        """Who writes maps."""
        buffer, finish, writer, loader = (
            getattr(m.submodules, name) for name in ("buffer", "finish", "writer", "loader")
        )
        m.d.comb += [
            buffer.write.eq(Mux(loading, loader.write, finish.moves.write)),
            buffer.place.eq(Mux(loading, loader.place, writer.place)),
            buffer.word.eq(Mux(loading, loader.word, finish.word)),
        ]
        if not self._plan.contents.array.copies:
            m.d.comb += buffer.bank.eq(Mux(loading, loader.bank, writer.bank))

    def _loader(self, m: Module) -> Loader:
        """What takes the map that enters, the most significant parts of a pixel's codes first."""
        contents, parts = self._plan.contents, self._plan.parts
        if parts == 1:
            loader = Loader(contents, bits=self._plan.inputs[0].bits)
            connect(m, flipped(self.i), loader.i)
            return loader
        bits, simd = contents.bits, contents.array.simd
        loader = Loader(contents, bits=bits)
        lanes = self._plan.i_words * simd
        m.submodules.divide = divide = Serializer(bits, i_lanes=lanes, o_lanes=simd)
        m.d.comb += [divide.i.valid.eq(self.i.valid), self.i.ready.eq(divide.i.ready)]
        for number in range(parts):
            for lane, code in enumerate(self.i.payload):
                part = code[bits * (parts - 1 - number) :][:bits]
                m.d.comb += divide.i.payload[number * lanes // parts + lane].eq(part)
        connect(m, divide.o, loader.i)
        return loader

    def _unloader(self, m: Module) -> Unloader | Results:
        """What gives the last map, or the accumulator values that become logits."""
        plan, contents = self._plan, self._plan.contents
        if contents.offsets is None:
            unloader = Unloader(contents, bits=plan.outputs[0].bits)
            connect(m, unloader.o, flipped(self.o))
            return unloader
        results = Results(contents)
        m.submodules.logits = logits = self.logits(m)
        connect(m, results.o, logits.i)
        connect(m, self.leaving(m, logits), flipped(self.o))
        return results

    def logits(self, m: Module) -> LogitAdder | LoadableLogits:
        """What makes logits of accumulator values."""
        contents = self._plan.contents
        logits = LogitAdder(
            contents.offsets,
            step=contents.passes[-1].step,
            accumulator_bits=contents.accumulator_bits,
            logit_bits=contents.logit_bits,
            lanes=1,
            narrower=contents.narrower_offsets,
        )
        if contents.narrower_offsets:
            m.d.comb += logits.width.eq(self.now)
        return logits

    def leaving(self, m: Module, logits: LogitAdder | LoadableLogits) -> PureInterface:
        """Logits as they leave."""
        return logits.o

    def add_phases(
        self, m: Module, *, loading: Signal, step: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """An image enters, passes begin with a descriptor each, and the last map leaves.

        Whether a pass begins, what says whether it is the last, and whether all are over.
        """
        begin, last, done, leaving = Signal(), Signal(), Signal(), Signal()
        loader, finish, unloader = (
            getattr(m.submodules, name) for name in ("loader", "finish", "unloader")
        )
        m.d.comb += [
            done.eq(finish.moves.pass_end),
            begin.eq(loader.done | (done & ~last)),
        ]
        with m.If(loader.done):
            m.d.sync += loading.eq(0)
        with m.If(done):
            m.d.sync += [step.eq(Mux(last, 0, step + 1)), leaving.eq(last)]
        with m.If(unloader.done):
            m.d.sync += [leaving.eq(0), loading.eq(1)]
        return begin, last, leaving

    def _follow_width(self, m: Module, *, loading: Signal, step: Signal, last: Signal) -> None:
        """Let passes be those of the width of the image, which are behind those of the one before.

        While an image enters, the descriptor of its first pass is looked up in every cycle, for its
        width may become known meanwhile.
        """
        ends = self._plan.contents.ends
        m.d.comb += self.image_end.eq(m.submodules.unloader.done)
        with m.Switch(self.now):
            for number, (start, end) in enumerate(pairwise([0, *ends])):
                with m.Case(number):
                    m.d.comb += last.eq(step == end - 1)
                    with m.If(loading):
                        m.d.sync += step.eq(start)

    def may_leave(self, m: Module) -> Value:
        """Whether the last map may leave once it is there."""
        return Const(1)

    def add_contents(
        self, m: Module, *, begin: Signal, last: Signal, step: Signal, loading: Signal
    ) -> tuple[Value, View]:
        """Add what passes work by.

        Parameters
        ----------
        m : Module
            With the other submodules.
        begin : Signal
            A pass begins.
        last : Signal
            Driven here: whether it is the last.
        step : Signal
            Its number.
        loading : Signal
            An image enters.

        Returns
        -------
        start : Value
            Its descriptor is there.
        descriptor : View
        """
        contents = self._plan.contents
        m.submodules.descriptors = descriptors = Table(contents.descriptors)
        m.submodules.weights = weights = WeightRows(contents.weights)
        fetching, start = Signal(), Signal()
        m.d.sync += [fetching.eq(begin), start.eq(fetching)]
        m.d.comb += [
            m.submodules.loader.enable.eq(loading),
            descriptors.address.eq(step),
            descriptors.enable.eq(1),
            weights.address.eq(m.submodules.sequencer.weights),
            m.submodules.array.weights.eq(weights.row),
        ]
        if not contents.narrower:
            m.d.comb += last.eq(step == len(contents.tiled) - 1)
        if not contents.array.copies:
            return start, descriptors.row
        buffer, waiting, ready = m.submodules.buffer, Signal(), Signal()
        m.d.sync += waiting.eq(start | (waiting & ~ready))
        m.d.comb += [
            ready.eq(waiting & buffer.ready),
            buffer.start.eq(start),
            buffer.descriptor.eq(descriptors.row),
        ]
        return ready, descriptors.row

    def _add_taps(self, m: Module, finish: Finish, step: Signal) -> None:
        """Copies of what is written, and of values in front of thresholds; they cost nothing."""
        for work in self._plan.contents.passes:
            steps = [
                index
                for index, each in enumerate(self._plan.contents.tiled)
                if each.work.stream == work.stream
            ]
            for tap in self._plan.taps:
                if tap.port == "o" or tap.stream not in (each.stream for each in work.layers):
                    continue
                if tap.stream == work.stream:
                    valid, beat = finish.moves.write, finish.word
                elif work.added:
                    first = tap.stream == work.layers[0].stream
                    valid, beat = finish.shown, finish.branch if first else finish.sums
                else:
                    valid, beat = finish.seen, finish.beat
                port, here = getattr(self, tap.port), Cat(step == n for n in steps).any()
                m.d.comb += port.valid.eq(here & valid)
                for lane in range(tap.type.lanes):
                    m.d.comb += port.payload[lane].eq(beat[lane])
