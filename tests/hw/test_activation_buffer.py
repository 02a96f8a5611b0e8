# amaranth: UnusedElaboratable=no

import re

import pytest
from amaranth.hdl import Assert, EnableInserter, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.activation_buffer import ActivationBuffer
from threefold.hw.sequencer import Sequencer
from threefold.hw.stream import lane_stream
from threefold.hw.window_walker import WindowWalker
from threefold.plan.banks import Banks
from threefold.plan.window import Window
from threefold.sim.verification import Prover

from ..nightly import mostly_nightly
from ..windows import READERS, Reader


def make(walk, depth, **parameters):
    return ActivationBuffer(**{"bits": 3, "lanes": 1, **parameters}, depth=depth, walk=walk)


@pytest.mark.parametrize("name", READERS)
def test_starts_with_the_last_word_and_accepts_as_many_as_it_is_deep(name):
    reader = READERS[name]
    walk, depth = reader.walk, reader.depth
    capacity = Banks(walk).capacity(depth)
    buffer = make(walk, depth, lanes=reader.lanes)
    sim = Simulator(buffer)
    sim.add_clock(1e-6)
    needed = [image * walk.words + int(n) for image in range(3) for n in walk.needed]
    done = [image * walk.words + int(n) for image in range(4) for n in walk.done]

    async def testbench(ctx):
        ctx.set(buffer.i.valid, 1)
        written, freed = 0, done[0]
        for window, wanted in enumerate(needed):
            while written < freed + capacity:
                assert ctx.get(buffer.i.ready)
                assert ctx.get(buffer.start) == (written >= wanted)
                await ctx.tick()
                written += 1
            assert not ctx.get(buffer.i.ready)
            assert ctx.get(buffer.start)
            ctx.set(buffer.take, 1)
            ctx.set(buffer.needs_less_one, int(walk.needs[window % len(walk.needs)]) - 1)
            await ctx.tick()
            ctx.set(buffer.take, 0)
            assert not ctx.get(buffer.i.ready)
            ctx.set(buffer.release, 1)
            ctx.set(buffer.frees_less_one, int(walk.frees[window % len(walk.frees)]) - 1)
            await ctx.tick()
            ctx.set(buffer.release, 0)
            freed = done[window + 1]

    sim.add_testbench(testbench)
    sim.run()


def test_needs_and_frees_count_only_with_take_and_release():
    walk = READERS["square"].walk
    buffer = make(walk, 32)
    sim = Simulator(buffer)
    sim.add_clock(1e-6)

    async def testbench(ctx):
        ctx.set(buffer.needs_less_one, 1)
        ctx.set(buffer.frees_less_one, 1)
        ctx.set(buffer.i.valid, 1)
        for _ in range(32):
            assert ctx.get(buffer.i.ready)
            await ctx.tick()
        for _ in range(5):
            assert not ctx.get(buffer.i.ready)
            assert ctx.get(buffer.start)
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()


def test_data_holds_while_nothing_is_read():
    buffer = make(Window((1, 1, 2)).walk(2), 4)
    sim = Simulator(buffer)
    sim.add_clock(1e-6)

    async def testbench(ctx):
        ctx.set(buffer.i.valid, 1)
        for word in (5, 6):
            ctx.set(buffer.i.payload, [word])
            await ctx.tick()
        ctx.set(buffer.i.valid, 0)
        ctx.set(buffer.read, 1)
        ctx.set(buffer.address, [1])
        await ctx.tick()
        ctx.set(buffer.read, 0)
        for address in (0, 1, 0):
            ctx.set(buffer.address, [address])
            assert list(ctx.get(buffer.data)) == [6]
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()


class Meeting(wiring.Component):
    """Buffer and reader of windows; claims that no word is read and written in one cycle.

    Words that padding stands for are read as well, but not used, and left out here.
    """

    def __init__(self, reader: Reader, *, rooms: int = 0):
        self._reader, self._rooms = reader, rooms
        super().__init__({"i": In(lane_stream(1, reader.lanes)), "advance": In(1)})

    def elaborate(self, platform):
        m = Module()
        walk, program, depth = self._reader.walk, self._reader.program, self._reader.depth
        buffer = make(walk, depth, bits=1, lanes=self._reader.lanes)
        sequencer, walker = Sequencer(program), WindowWalker(walk, program, depth)
        m.submodules.buffer = buffer
        m.submodules.sequencer = EnableInserter(self.advance)(sequencer)
        m.submodules.walker = EnableInserter(self.advance)(walker)
        written, met = Signal(range(depth)), Signal()
        accept = buffer.i.valid & buffer.i.ready
        m.d.comb += [
            buffer.i.valid.eq(self.i.valid),
            buffer.i.payload.eq(self.i.payload),
            self.i.ready.eq(buffer.i.ready),
            sequencer.start.eq(buffer.start),
            walker.issue.eq(sequencer.issue),
            walker.row.eq(sequencer.row),
            walker.column.eq(sequencer.column),
            walker.finish.eq(sequencer.finish),
            buffer.take.eq(sequencer.issue & sequencer.finish & self.advance),
            buffer.needs_less_one.eq(walker.needs_less_one),
            buffer.release.eq(walker.release & self.advance),
            buffer.frees_less_one.eq(walker.frees_less_one + self._rooms),
            buffer.address.eq(walker.address),
            buffer.read.eq(walker.read & self.advance),
        ]
        m.d.sync += written.eq(written + accept)
        with m.If(self.advance):
            m.d.sync += met.eq(walker.read & accept & (walker.address[0] == written))
        m.d.comb += Assert(~met | walker.padding)
        return m


SMALL = {
    "vector": (Reader(Window((1, 1, 3)), filters=2), 14),
    "square": (Reader(Window((3, 3, 1), (2, 2)), filters=1), 16),
    "padded": (Reader(Window((2, 3, 1), (2, 2), (1, 1), (1, 1, 1, 0)), filters=1), 16),
    "strided": (Reader(Window((4, 3, 1), (2, 1), (2, 2)), filters=1), 16),
}


@pytest.fixture
def prover(tmp_path):
    return Prover(tmp_path)


@pytest.mark.parametrize("name", mostly_nightly(SMALL, always=["vector", "square"]))
def test_no_word_is_read_and_written_in_one_cycle(prover, name):
    reader, depth = SMALL[name]
    assert not prover.violated(Meeting(reader), cycles=depth)


def test_a_buffer_that_frees_too_much_is_found(prover):
    reader, depth = SMALL["square"]
    assert prover.violated(Meeting(reader, rooms=1), cycles=depth)


def test_parameters_are_attributes():
    walk = READERS["square"].walk
    buffer = make(walk, 32, bits=4, lanes=3)
    assert (buffer.bits, buffer.lanes, buffer.depth, buffer.walk) == (4, 3, 32, walk)


@pytest.mark.parametrize(
    ("walk", "least", "depth"),
    [
        (Window((1, 1, 1)).walk(1), 1, 1),
        (Window((1, 1, 1)).walk(1), 1, 0),
        (Window((1, 1, 5)).walk(5), 5, 4),
        (Window((1, 1, 5)).walk(5), 5, 6),
        (Window((6, 6, 1), (3, 3)).walk(1), 15, 8),
    ],
)
def test_refuses(walk, least, depth):
    message = f"an activation buffer must be a power of two of at least {least} words, not {depth}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        make(walk, depth)
