"""Streamed engine: faults of the memory that its program comes from."""

import random
from functools import cache

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.accelerator import Accelerator
from threefold.plan import Plan, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import DENSITIES, Feed
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim import golden
from threefold.sim.feed import FeedModel
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...loadable_networks import network
from ...random_feeds import least_room
from ...split_family import SPLIT

NETWORK = network(3)
FEED = Feed(16, first=4, extra=2)


@cache
def plan(per_byte: int = 4) -> Plan:
    outside = {"feed": FEED.to_dict(), "weights_per_byte": per_byte}
    unit = StreamedUnit(lower(NETWORK), 2, 2, **outside).made_loadable()
    return plan_of(NETWORK, (least_room(unit),))


IMAGES = random_images(np.random.default_rng(0), NETWORK, 2)
EXPECTED = golden.run(NETWORK, IMAGES).reshape(-1).tolist()


def run(words, per_byte=4):
    """What leaves, and whether the accelerator says that it is loaded, and that words are wrong."""
    program, dut = plan(per_byte).streamed.program, Accelerator(plan(per_byte))
    memory, left, told = FeedModel(FEED, words, program.frame_words), [], []

    async def serve(ctx):
        await memory.serve(ctx, dut.frames)

    async def feed(ctx):
        ctx.set(dut.i.valid, 1)
        for beat in IMAGES.reshape(-1, len(dut.i.payload)).tolist():
            ctx.set(dut.i.payload, beat)
            taken = 0
            while not taken:  # not `until`, which warns if it is collected while it waits
                *_, taken = await ctx.tick().sample(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def watch(ctx):
        ctx.set(dut.o.ready, 1)
        before = 0
        for _ in range(4 * plan().cycles.interval):
            *_, leaves, beat, loaded, wrong = await ctx.tick().sample(
                dut.o.valid, dut.o.payload, dut.loaded, dut.wrong
            )
            left.extend(beat if leaves else [])
            assert not (leaves and before), "something leaves behind a wrong word"
            before = wrong
            told.append((loaded, wrong))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(serve, background=True)
    simulator.add_testbench(feed, background=True)
    simulator.add_testbench(watch)
    simulator.run()
    return left, told


@pytest.mark.parametrize("per_byte", DENSITIES)
def test_all_is_right(per_byte):
    left, told = run(plan(per_byte).streamed.program.words, per_byte)
    assert left == EXPECTED
    assert not any(wrong for _, wrong in told)
    assert told[-1] == (1, 0)


@pytest.mark.parametrize("seed", range(12))
def test_a_wrong_bit_is_never_computed_with(seed):
    per_byte = DENSITIES[seed % 2]
    rng, words = random.Random(seed), list(plan(per_byte).streamed.program.words)
    # Among them are those that say how many rows there are.
    place = rng.choice([2, rng.randrange(len(words))])
    words[place] ^= 1 << rng.randrange(16)
    left, told = run(words, per_byte)
    assert left == EXPECTED[: len(left)]
    assert len(left) < len(EXPECTED)
    assert told[-1] == (0, 1)


@pytest.mark.parametrize("words", [[0] * 480, [0xFFFF] * 480, list(range(480))])
def test_anything_else_is_refused(words):
    left, told = run(words)
    assert left == []
    assert told[-1] == (0, 1)


@pytest.mark.parametrize("passes", [None, 1, 2])
def test_words_in_another_order_are_refused(passes):
    program = plan().streamed.program
    words = program.words
    place = 16 if passes is None else program.starts[passes] * program.row_words
    left, told = run(words[place:] + words[:place])
    assert left == []
    assert told[-1] == (0, 1)


def test_nothing_leaves_behind_a_word_that_is_wrong_once():
    words = plan().streamed.program.words
    # The first image is right; the fault is in what comes while it is computed.
    again = [*words, *(word ^ (place == 20) for place, word in enumerate(words)), *words, *words]
    left, told = run(again)
    assert left == EXPECTED[: len(left)]
    assert len(left) < len(EXPECTED)
    assert told[-1] == (0, 1)


def test_the_next_image_enters_before_the_one_before_has_left():
    bench = AcceleratorBench(plan())
    images = random_images(np.random.default_rng(1), NETWORK, 3)
    bench.check(images)
    run, unit = bench.run(images), plan().streamed
    beats = unit.i_beats
    assert run.traffic.entered[beats] == run.traffic.entered[beats - 1] + unit.streamed_run.opens
    assert np.diff(run.left).tolist() == [unit.interval] * 2
    assert run.traffic.entered[2 * beats - 1] < run.left[0]


def test_both_memories_of_a_bank_may_be_in_parts():
    contents = plan().streamed.contents
    width = contents.bits * contents.array.simd
    assert all(len(SPLIT.parts(width, depth)) > 1 for depth in contents.bank_depths)
    AcceleratorBench(plan(), family=SPLIT).check(IMAGES)
