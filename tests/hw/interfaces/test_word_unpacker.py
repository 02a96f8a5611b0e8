# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.interfaces.word_unpacker import WordUnpacker
from threefold.sim.verification import contract_violations


def words_of(codes, bits):
    """Words of an image, whose unused bits are ones."""
    per_word = 4 if bits <= 8 else 2
    stride = 32 // per_word
    for begin in range(0, len(codes), per_word):
        word = (1 << 32) - 1
        for place, code in enumerate(codes[begin : begin + per_word]):
            word &= ~(((1 << bits) - 1) << place * stride)
            word |= code << place * stride
        yield word


@settings(max_examples=25, deadline=None)
@given(
    bits=st.integers(1, 16),
    lanes=st.integers(1, 8),
    beats=st.integers(1, 6),
    images=st.integers(1, 3),
    stalls=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 99),
)
def test_codes_of_images(bits, lanes, beats, images, stalls, seed):
    dut = WordUnpacker(bits, codes=lanes * beats, lanes=lanes)
    rng = random.Random(seed)
    codes = [[rng.getrandbits(bits) for _ in range(lanes * beats)] for _ in range(images)]
    words = [word for image in codes for word in words_of(image, bits)]
    received, cycles = [], 0

    async def source(ctx):
        for word in words:
            while rng.random() < stalls:
                await ctx.tick()
            ctx.set(dut.i.payload, word)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def sink(ctx):
        nonlocal cycles
        idle = 0
        while idle < 20:
            ctx.set(dut.o.ready, rng.random() >= stalls)
            *_, valid, ready, payload = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload
            )
            idle = 0 if valid else idle + 1
            cycles += 1
            if valid and ready:
                received.extend(payload)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run()
    assert received == [code for image in codes for code in image]
    if not stalls:
        assert cycles == len(received) // dut.o_lanes + 21


@pytest.mark.parametrize(
    "parameters",
    [
        (5, 6, 2),
        *(pytest.param(each, marks=pytest.mark.nightly) for each in [(3, 8, 8), (12, 3, 1)]),
    ],
)
def test_stream_contract(tmp_path, parameters):
    bits, codes, lanes = parameters
    make = lambda: WordUnpacker(bits, codes=codes, lanes=lanes)  # noqa: E731
    assert contract_violations(make, tmp_path, cycles=20, beats=5) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((17, 4, 1), "words carry codes of 1 to 16 bits, not 17"),
        ((4, 6, 4), "lanes must divide 6 codes of an image, not 4"),
    ],
)
def test_parameters(parameters, message):
    bits, codes, lanes = parameters
    with pytest.raises(PlanError, match=f"^{message}$"):
        WordUnpacker(bits, codes=codes, lanes=lanes)
