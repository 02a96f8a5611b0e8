# amaranth: UnusedElaboratable=no

import dataclasses
import random
import re

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from threefold.boards.sdram import AS4C16M16SA_7
from threefold.errors import PlanError
from threefold.hw.sdram.bursts import BURST
from threefold.hw.sdram.controller import SDRAMController
from threefold.hw.sdram.feed import feed_of
from threefold.hw.sdram.frame_reader import FrameReader
from threefold.plan.sequential import Feed, FeedClock
from threefold.sim.sdram import SDRAMChip

from ...nightly import mostly_nightly
from .chips import SMALL, attached, in_order

OFTEN = dataclasses.replace(SMALL, refresh_ms=0.125)  # refreshes are due between frames
FRAMES = 5  # of a program


class Bench:
    """A reader, a controller and a chip; frames asked for and images begun by chance."""

    def __init__(self, clock_mhz: float, words: int, *, asks: float = 0, gaps=None, seed: int = 0):
        self.gaps = gaps  # cycles from an image to the frame behind it, one by one
        self.words, self.asks, self.rng = words, asks, random.Random(seed)
        self.module = module = Module()
        module.submodules.controller = controller = SDRAMController(OFTEN, clock_mhz=clock_mhz)
        feed = feed_of(OFTEN, clock_mhz)
        module.submodules.reader = reader = FrameReader(OFTEN, feed, words)
        connect(module, reader.requests, controller.i)
        module.d.comb += [reader.word.eq(controller.o), reader.word_valid.eq(controller.o_valid)]
        self.reader, self.pins = reader, controller.pins
        self.chip = SDRAMChip(OFTEN, clock_mhz=clock_mhz)
        content = np.random.default_rng(seed).integers(1 << 16, size=self.chip.content.shape)
        self.chip.content[:] = content
        self.asked, self.taken, self.images, self.came = [], [], [], []

    @property
    def content(self) -> list[int]:
        """Words of the program."""
        return in_order(self.chip, FRAMES * self.words)

    async def testbench(self, ctx):
        reader, frames = self.reader, self.reader.frames
        ctx.set(reader.bursts, FRAMES * self.words // BURST)
        ctx.set(reader.enable, 1)
        await ctx.tick().repeat(self.rng.randrange(600, 1800))
        asks = False
        for cycle in range(6000 if self.gaps is None else sum(self.gaps) + 90 * len(self.gaps)):
            quiet = not asks and len(self.came) == self.words * len(self.taken)
            begins, wants = self._choose(cycle, quiet)
            if begins:
                self.images.append(cycle)
            elif not asks and wants:
                asks = True
                self.asked.append(cycle)
                ctx.set(frames.ask, 1)
            ctx.set(frames.image, begins)
            *_, taken, valid, word = await ctx.tick().sample(
                frames.taken, frames.valid, frames.word
            )
            if taken:
                self.taken.append(cycle)
                asks = self.asks == 1.0
                ctx.set(frames.ask, asks)
                self.asked += [cycle + 1] * asks
            if valid:
                self.came.append((cycle, word))

    def _choose(self, cycle: int, quiet: bool) -> tuple[bool, bool]:
        """Whether an image begins, and whether a frame is asked for."""
        if self.gaps is None:
            begins = not self.images or self.rng.random() < 0.003
            return quiet and begins, self.rng.random() < self.asks
        begins = quiet and len(self.images) == len(self.asked) < len(self.gaps)
        due = len(self.images) > len(self.asked)
        return begins, due and cycle - self.images[-1] >= self.gaps[len(self.asked)]

    def run(self):
        simulator = Simulator(self.module)
        simulator.add_clock(1e-6)
        simulator.add_process(attached(self.chip, self.pins))
        simulator.add_testbench(self.testbench)
        simulator.run()
        return self


@pytest.mark.parametrize("asks", [0.005, 0.1, 1.0])
@pytest.mark.parametrize("clock_mhz", mostly_nightly([60, 100, 133, 142.8], always=[133]))
@pytest.mark.parametrize("words", [8, 48, None])
def test_words_come_in_the_cycles_of_its_feed(clock_mhz, words, asks):
    feed = feed_of(OFTEN, clock_mhz)
    bench = Bench(clock_mhz, words or feed.most, asks=asks, seed=int(clock_mhz)).run()
    assert bench.chip.faults == []
    assert len(bench.taken) > 4

    _compare(bench, feed)


def test_frames_around_the_first_refresh_behind_an_image():
    feed = feed_of(OFTEN, 133)
    first = feed.every + feed.busy
    gaps = list(range(first - 14, first + 16, 2))
    bench = Bench(133, 8, gaps=gaps).run()
    assert len(bench.taken) == len(gaps)
    assert bench.chip.faults == []
    _compare(bench, feed)


def _compare(bench: Bench, feed: Feed) -> None:
    begun = [(cycle, "image") for cycle in bench.images]
    events = sorted(begun + [(cycle, "ask") for cycle in bench.asked])
    predicted, clock = [], FeedClock(feed, bench.words, 0)
    for cycle, what in events:
        if what == "image":
            clock = FeedClock(feed, bench.words, cycle)
        else:
            predicted.append(clock.take(cycle))
    assert bench.taken == predicted[: len(bench.taken)]
    expected = [taken + feed.first + n for taken in bench.taken for n in range(bench.words)]
    cycles, words = zip(*bench.came, strict=True)
    assert list(cycles) == expected[: len(cycles)]
    assert list(words) == [bench.content[n % len(bench.content)] for n in range(len(words))]


def test_no_refresh_comes_unasked():
    bench = Bench(133, 64, asks=0.02).run()
    # Each frame and each image has one; others come every so many cycles without them, and eight
    # before the mode is set.
    asked = len(bench.taken) + len(bench.images) + 7800 // feed_of(OFTEN, 133).every
    assert len(bench.taken) > 10
    assert bench.chip.refreshes <= 8 + asked


@pytest.mark.parametrize("later", range(1, 40, 3))
def test_a_restart_begins_with_the_first_burst(later):
    bench, feed = Bench(133, 24), feed_of(OFTEN, 133)
    reader, frames, came = bench.reader, bench.reader.frames, []

    async def ask(ctx):
        """Ask for a frame, until it is taken."""
        ctx.set(frames.ask, 1)
        taken = 0
        while not taken:
            *_, taken = await ctx.tick().sample(frames.taken)
        ctx.set(frames.ask, 0)

    async def testbench(ctx):
        ctx.set(reader.bursts, FRAMES * bench.words // BURST)
        ctx.set(reader.enable, 1)
        await ctx.tick().repeat(1800)
        await ask(ctx)
        await ctx.tick().repeat(later)
        ctx.set(reader.restart, 1)
        await ctx.tick().repeat(60)
        ctx.set(reader.restart, 0)
        ctx.set(frames.image, 1)
        await ctx.tick()
        ctx.set(frames.image, 0)
        await ask(ctx)
        for cycle in range(1, feed.first + bench.words + 20):
            *_, valid, word = await ctx.tick().sample(frames.valid, frames.word)
            came.extend([(cycle, word)] * valid)

    bench.testbench = testbench
    bench.run()
    assert bench.chip.faults == []
    expected = bench.content[: bench.words]
    assert came == [(feed.first + n, word) for n, word in enumerate(expected)]


@pytest.mark.parametrize("words", [12, 0, 2000])
def test_frames_of_other_lengths_are_refused(words):
    message = f"frames from AS4C16M16SA-7 have a multiple of 8 words up to 1,000, not {words:,}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        FrameReader(AS4C16M16SA_7, feed_of(AS4C16M16SA_7, 133), words)


def test_a_clock_that_leaves_no_time_is_refused():
    message = "^refreshes of AS4C16M16SA-7 at 3 MHz leave no time for frames; let its clock be fas"
    with pytest.raises(PlanError, match=message):
        feed_of(AS4C16M16SA_7, 3)
