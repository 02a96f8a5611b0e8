# amaranth: UnusedElaboratable=no

import random
from itertools import chain

import pytest
from amaranth.sim import Simulator

from threefold.hw.window_reader import WindowReader

from ..elaboration import elaborated
from ..nightly import mostly_nightly
from ..windows import READERS

BITS = 5


def make(reader, *, depth=0, pad_code=9):
    return WindowReader(
        bits=BITS,
        lanes=reader.lanes,
        depth=depth or reader.depth,
        walk=reader.walk,
        program=reader.program,
        pad_code=pad_code,
    )


class Watch:
    """Which reads the buffer gets beside which writes, and whether they can be trusted."""

    def __init__(self, buffer, words):
        self.buffer, self.words = buffer, words
        self.written = self.read = self.meetings = 0

    def cycle(self, ctx):
        buffer, pixels = self.buffer, self.buffer.walk.pixels
        depth, capacity = buffer.depth // pixels, buffer.banks.capacity(buffer.depth)
        writes = bool(ctx.get(buffer.i.valid & buffer.i.ready))
        if ctx.get(buffer.read):
            word, place = self.words[self.read].words, self.words[self.read].places
            addresses = list(ctx.get(buffer.address))
            for index, (bank, address) in zip(word, place, strict=True):
                assert addresses[bank] == address % depth
                if index is not None:
                    assert index < self.written, "read before it was written"
                    assert self.written + writes <= index + capacity, "overwritten"
                    self.meetings += writes
            self.read += 1
        self.written += writes


def simulate(dut, stream, words, rng, *, idle, waits):
    """Each word at the output with its ``last``, the way the pipeline moves."""
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    seen, watch = [], Watch(dut._buffer, words)

    async def testbench(ctx):
        fetched, quiet, waiting = [False] * 3, 0, False
        width = dut.i.payload.shape().length
        rest = iter(stream)
        while len(seen) < len(words):
            if not waiting:
                waiting = watch.written < len(stream) and rng.random() >= idle
                word = next(rest) if waiting else [rng.randrange(2**BITS)] * width
                ctx.set(dut.i.payload, word)
                ctx.set(dut.i.valid, waiting)
            advance = rng.random() >= waits
            ctx.set(dut.advance, advance)
            watch.cycle(ctx)
            waiting = waiting and not ctx.get(dut.i.ready)
            assert bool(ctx.get(dut.valid)) == fetched[-1]
            quiet = 0 if fetched[-1] else quiet + 1
            assert quiet < 1000, f"stuck after {len(seen)} of {len(words)} words"
            if advance:
                if fetched[-1]:
                    there = len(words[len(seen)].words) * width  # but for pixels beyond the row
                    seen.append((list(ctx.get(dut.data))[:there], bool(ctx.get(dut.last))))
                fetched = [bool(ctx.get(dut.fetch)), *fetched[:2]]
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()
    return seen, watch


@pytest.mark.parametrize(
    ("idle", "waits"),
    mostly_nightly(
        [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.3)], always=[(0.0, 0.0), (0.3, 0.3)]
    ),
)
@pytest.mark.parametrize("name", READERS)
def test_reads_are_the_windows(name, idle, waits):
    reader, images = READERS[name], 3
    rng = random.Random(list(READERS).index(name))
    stream = [
        [rng.randrange(2**BITS) for _ in range(reader.lanes)]
        for _ in range(images * reader.walk.words)
    ]
    words = reader.reads(images)
    padding = [9] * reader.lanes
    expected = [
        ([*chain(*(padding if n is None else stream[n] for n in word.words))], word.last)
        for word in words
    ]
    seen, _ = simulate(make(reader), stream, words, rng, idle=idle, waits=waits)
    assert seen == expected


def test_words_are_read_while_others_are_written():
    """Else nothing about the two happening at once would have been seen."""
    reader = READERS["padded"]
    rng = random.Random(0)
    stream = [[rng.randrange(2**BITS)] * reader.lanes for _ in range(3 * reader.walk.words)]
    dut, words = make(reader), reader.reads(3)
    _, watch = simulate(dut, stream, words, rng, idle=0.0, waits=0.0)
    assert watch.meetings > 10


@pytest.mark.parametrize("name", ["square", "padded", "pruned_vector"])
def test_a_window_follows_the_other_without_a_gap(name):
    reader = READERS[name]
    words = reader.reads(2)
    stream = [[0] * reader.lanes for _ in range(2 * reader.walk.words)]
    dut = make(reader, depth=256)
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    pauses = []

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        await ctx.tick().repeat(len(stream))
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.advance, 1)
        await ctx.tick().repeat(3)
        for _ in words:
            pauses.append(not ctx.get(dut.valid))
            await ctx.tick()
        assert not ctx.get(dut.valid)

    assert len(stream) <= 256
    sim.add_testbench(testbench)
    sim.run()
    assert pauses == [False] * len(words)


def test_parameters_are_attributes():
    reader = READERS["padded"]
    program = reader.program
    dut = elaborated(
        WindowReader(bits=2, lanes=2, depth=32, walk=reader.walk, program=program, pad_code=1)
    )
    assert (dut.program, dut.pad_code) == (program, 1)
