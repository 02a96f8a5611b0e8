# amaranth: UnusedElaboratable=no

import random
from collections import deque

import pytest
from amaranth.sim import Simulator
from threefold.hw.activation_buffer import ActivationBuffer

from threefold.errors import PlanError

SIZES = [(1, 2), (2, 2), (3, 2), (4, 3), (5, 4), (3, 5)]


def simulate(buffer, vectors, rng, *, stalls):
    """Each word that was read, with what the model holds there."""
    sim = Simulator(buffer)
    sim.add_clock(1e-6)
    model, reads = deque(), []

    async def write(ctx):
        for vector in vectors:
            for word in vector:
                while rng.random() < stalls:
                    ctx.set(buffer.i.payload, [rng.randrange(2**buffer.bits)] * buffer.lanes)
                    await ctx.tick()
                ctx.set(buffer.i.payload, word)
                ctx.set(buffer.i.valid, 1)
                await ctx.tick().until(buffer.i.ready)
                ctx.set(buffer.i.valid, 0)
            model.append(vector)

    async def read(ctx):
        for _ in vectors:
            while not ctx.get(buffer.available):
                await ctx.tick()
            columns = rng.choices(range(buffer.words), k=rng.randint(1, 2 * buffer.words))
            for n, column in enumerate(columns):
                while rng.random() < stalls:
                    ctx.set(buffer.column, rng.randrange(buffer.words))
                    await ctx.tick()
                ctx.set(buffer.column, column)
                ctx.set(buffer.read, 1)
                ctx.set(buffer.release, n == len(columns) - 1)
                await ctx.tick()
                ctx.set(buffer.read, 0)
                ctx.set(buffer.release, 0)
                reads.append((list(ctx.get(buffer.data)), model[0][column]))
            model.popleft()

    sim.add_testbench(write)
    sim.add_testbench(read)
    sim.run()
    return reads


def random_vectors(rng, words, lanes, count):
    return [[[rng.randrange(8) for _ in range(lanes)] for _ in range(words)] for _ in range(count)]


@pytest.mark.parametrize("stalls", [0.0, 0.3, 0.7])
@pytest.mark.parametrize(("words", "banks"), SIZES)
def test_any_order_of_reads(words, banks, stalls):
    seed = 10 * words + banks
    rng = random.Random(seed)
    buffer = ActivationBuffer(bits=3, lanes=2, words=words, banks=banks)
    reads = simulate(buffer, random_vectors(rng, words, 2, 40), rng, stalls=stalls)
    assert len(reads) >= 40
    assert [got for got, _ in reads] == [held for _, held in reads], f"seed {seed}"


@pytest.mark.parametrize(("words", "banks"), SIZES)
def test_accepts_as_many_words_as_there_are_banks(words, banks):
    buffer = ActivationBuffer(bits=3, lanes=1, words=words, banks=banks)
    sim = Simulator(buffer)
    sim.add_clock(1e-6)

    async def testbench(ctx):
        ctx.set(buffer.i.valid, 1)
        for word in range(words * banks):
            assert ctx.get(buffer.i.ready)
            assert ctx.get(buffer.available) == (word >= words)
            await ctx.tick()
        for _ in range(3):
            assert not ctx.get(buffer.i.ready)
            await ctx.tick()
        ctx.set(buffer.release, 1)
        await ctx.tick()
        ctx.set(buffer.release, 0)
        for _ in range(words):
            assert ctx.get(buffer.i.ready)
            assert ctx.get(buffer.available)
            await ctx.tick()
        assert not ctx.get(buffer.i.ready)

    sim.add_testbench(testbench)
    sim.run()


def test_data_holds_while_nothing_is_read():
    buffer = ActivationBuffer(bits=3, lanes=1, words=2)
    sim = Simulator(buffer)
    sim.add_clock(1e-6)

    async def testbench(ctx):
        ctx.set(buffer.i.valid, 1)
        for word in (5, 6):
            ctx.set(buffer.i.payload, [word])
            await ctx.tick()
        ctx.set(buffer.i.valid, 0)
        ctx.set(buffer.read, 1)
        ctx.set(buffer.column, 1)
        await ctx.tick()
        ctx.set(buffer.read, 0)
        for column in (0, 1, 0):
            ctx.set(buffer.column, column)
            assert list(ctx.get(buffer.data)) == [6]
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()


def test_parameters_are_attributes():
    buffer = ActivationBuffer(bits=4, lanes=3, words=5)
    assert (buffer.bits, buffer.lanes, buffer.words, buffer.banks) == (4, 3, 5, 2)


@pytest.mark.parametrize("banks", [0, 1])
def test_refuses(banks):
    message = rf"^an activation buffer needs at least 2 banks, not {banks}$"
    with pytest.raises(PlanError, match=message):
        ActivationBuffer(bits=4, lanes=1, words=4, banks=banks)
