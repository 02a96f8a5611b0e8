"""Frame doubler: frames of an SDRAM of twice the clock."""

import dataclasses
import random

import numpy as np
import pytest
from amaranth.hdl import DomainRenamer, Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from threefold.hw.sdram.bursts import BURST
from threefold.hw.sdram.controller import SDRAMController
from threefold.hw.sdram.doubler import FrameDoubler
from threefold.hw.sdram.feed import doubled, even, feed_of
from threefold.hw.sdram.frame_reader import FrameReader
from threefold.plan.sequential import FeedClock
from threefold.sim.sdram import SDRAMChip

from ...nightly import mostly_nightly
from .chips import SMALL, attached, in_order

OFTEN = dataclasses.replace(SMALL, refresh_ms=0.125)  # refreshes are due between frames
FRAMES = 5


@pytest.mark.parametrize("asks", [0.01, 0.2, 1.0])
@pytest.mark.parametrize("clock_mhz", mostly_nightly([97, 120, 133, 142.8], always=[142.8]))
def test_double_words_come_in_the_cycles_of_the_doubled_feed(clock_mhz, asks):
    single = even(feed_of(OFTEN, clock_mhz))
    feed, words, rng = doubled(single), 64, random.Random(int(clock_mhz))
    m = Module()
    renamed = DomainRenamer("memory")
    controller = SDRAMController(OFTEN, clock_mhz=clock_mhz)
    reader = FrameReader(OFTEN, single, 2 * words)
    m.submodules.controller, m.submodules.reader = renamed(controller), renamed(reader)
    m.submodules.doubler = doubler = FrameDoubler(OFTEN.bits)
    connect(m, reader.requests, controller.i)
    connect(m, doubler.i, reader.frames)
    m.d.comb += [
        reader.word.eq(controller.o),
        reader.word_valid.eq(controller.o_valid),
        reader.enable.eq(1),
        reader.bursts.eq(FRAMES * 2 * words // BURST),
    ]
    chip = SDRAMChip(OFTEN, clock_mhz=clock_mhz)
    chip.content[:] = np.random.default_rng(0).integers(1 << 16, size=chip.content.shape)
    asked, taken, images, came = [], [], [], []

    async def testbench(ctx):
        frames, asks_now = doubler.o, False
        await ctx.tick().repeat(rng.randrange(400, 900))
        for cycle in range(3000):
            quiet = not asks_now and len(came) == words * len(taken)
            begins = quiet and (not images or rng.random() < 0.003)
            if begins:
                images.append(cycle)
            elif not asks_now and rng.random() < asks:
                asks_now = True
                asked.append(cycle)
                ctx.set(frames.ask, 1)
            ctx.set(frames.image, begins)
            *_, got, valid, word = await ctx.tick().sample(frames.taken, frames.valid, frames.word)
            if got:
                taken.append(cycle)
                asks_now = asks == 1.0
                ctx.set(frames.ask, asks_now)
                asked.extend([cycle + 1] * asks_now)
            if valid:
                came.append((cycle, word))

    simulator = Simulator(m)
    simulator.add_clock(8e-9, phase=4e-9, domain="memory")
    simulator.add_clock(16e-9, phase=4e-9)
    simulator.add_process(attached(chip, controller.pins, domain="memory"))
    simulator.add_testbench(testbench)
    simulator.run()
    assert chip.faults == []
    assert len(taken) > 4

    predicted, clock = [], FeedClock(feed, words, 0)
    events = [(cycle, "image") for cycle in images] + [(cycle, "ask") for cycle in asked]
    for cycle, what in sorted(events):
        if what == "image":
            clock = FeedClock(feed, words, cycle)
        else:
            predicted.append(clock.take(cycle))
    assert taken == predicted[: len(taken)]
    expected = [at + feed.first + n for at in taken for n in range(words)]
    assert [cycle for cycle, _ in came] == expected[: len(came)]
    content = in_order(chip, FRAMES * 2 * words)
    pairs = [low | high << 16 for low, high in zip(content[::2], content[1::2], strict=True)]
    assert [word for _, word in came] == [pairs[n % len(pairs)] for n in range(len(came))]
