"""Sequential engine with contents from outside: networks loaded one after the other."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.accelerator import Accelerator
from threefold.plan import image_of
from threefold.sim import golden

from ...accelerators import random_images
from ...loadable_networks import loadable_plan, network
from ...nightly import mostly_nightly

ONE, OTHER = network(1), network(2, depth=3, filters=6)
PLAN = loadable_plan(ONE, OTHER)
IMAGES = {made.name: image_of(PLAN, made) for made in (ONE, OTHER)}
CODES = random_images(np.random.default_rng(0), ONE, 2)


def flipped(name: str, place: int, bit: int) -> bytes:
    wrong = bytearray(IMAGES[name])
    wrong[place] ^= 1 << bit
    return bytes(wrong)


class Bench:
    """An accelerator whose input never pauses, and what is seen of it."""

    def __init__(self):
        self.dut = Accelerator(PLAN)
        self.entered, self.left, self.refused, self.loaded = [], [], 0, []

    async def load(self, ctx, image: bytes):
        load = self.dut.load
        for byte in image:
            ctx.set(load.payload, byte)
            ctx.set(load.valid, 1)
            taken = 0
            while not taken:
                *_, taken = await ctx.tick().sample(load.ready)
        ctx.set(load.valid, 0)
        await ctx.tick().repeat(2)

    async def results(self, ctx, count: int):
        while len(self.left) < count:
            await ctx.tick()

    def run(self, program):
        dut, words = self.dut, CODES.reshape(-1, len(self.dut.i.payload)).tolist()

        async def feed(ctx):
            ctx.set(dut.i.valid, 1)
            while True:
                word = words[len(self.entered) % len(words)]
                ctx.set(dut.i.payload, word)
                *_, taken, loaded = await ctx.tick().sample(dut.i.ready, dut.loaded)
                if taken:
                    self.entered.append(loaded)

        async def watch(ctx):
            beat, beats = [], PLAN.ports.output.beats
            ctx.set(dut.o.ready, 1)
            while True:
                *_, leaves, payload, refused, loaded = await ctx.tick().sample(
                    dut.o.valid, dut.o.payload, dut.refused, dut.loaded
                )
                self.refused += refused
                self.loaded.append(loaded)
                if leaves:
                    beat += list(payload)
                    if len(beat) == beats * len(payload):
                        self.left.append(beat)
                        beat = []

        async def testbench(ctx):
            await program(self, ctx)

        sim = Simulator(dut)
        sim.add_clock(1e-6)
        sim.add_testbench(testbench)
        sim.add_testbench(feed, background=True)
        sim.add_testbench(watch, background=True)
        sim.run()
        return self


def expected(made) -> list[list[int]]:
    return golden.run(made, CODES).reshape(len(CODES), -1).tolist()


def test_networks_are_loaded_one_after_the_other():
    async def program(bench, ctx):
        await bench.load(ctx, IMAGES[ONE.name])
        await bench.results(ctx, 3)
        await bench.load(ctx, IMAGES[OTHER.name])  # it waits until a fourth has left
        await bench.results(ctx, 8)

    bench = Bench().run(program)
    assert bench.refused == 0
    assert bench.left[:4] == 2 * expected(ONE)
    assert bench.left[4:8] == 2 * expected(OTHER)
    assert expected(ONE) != expected(OTHER)


WRONG = {
    "a bit of the rows": (flipped(OTHER.name, 40, 3), 1),
    "a bit of the CRC": (flipped(OTHER.name, len(IMAGES[OTHER.name]) - 1, 7), 1),
    "other hardware": (image_of(loadable_plan(ONE)), 1),
    "cut short": (IMAGES[OTHER.name][:-20] + IMAGES[OTHER.name], 1),
}


@pytest.mark.parametrize("name", mostly_nightly(WRONG, always=["a bit of the rows", "cut short"]))
def test_nothing_is_computed_with_a_wrong_one(name):
    (wrong, count), at = WRONG[name], {}

    async def program(bench, ctx):
        await bench.load(ctx, IMAGES[ONE.name])
        await bench.results(ctx, 1)
        await bench.load(ctx, wrong)
        at["wrong"] = len(bench.left), bench.loaded[-1], bench.refused
        await ctx.tick().repeat(3 * PLAN.units[0].interval)
        at["later"] = len(bench.left), bench.loaded[-1], bench.refused
        await bench.load(ctx, IMAGES[ONE.name])
        await bench.results(ctx, len(bench.left) + 2)

    bench = Bench().run(program)
    assert at["wrong"] == at["later"] == (2, 0, count)
    assert bench.left[:4] == 2 * expected(ONE)
    assert all(bench.entered)
