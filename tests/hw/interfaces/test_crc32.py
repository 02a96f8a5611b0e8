import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.hw.interfaces.crc32 import CRC32

from .streams import Driver


async def shift(ctx, dut, bits, plain):
    """What leaves the register while bits enter it."""
    left = 0
    ctx.set(dut.shift, 1)
    ctx.set(dut.plain, plain)
    for place, bit in enumerate(bits):
        ctx.set(dut.bit, bit)
        *_, low = await ctx.tick().sample(dut.low)
        left |= low << place
    ctx.set(dut.shift, 0)
    return left


@settings(max_examples=10, deadline=None)
@given(bodies=st.lists(st.binary(max_size=9), min_size=1, max_size=3))
def test_as_zlib_computes_it(bodies):
    dut = CRC32()
    driver = Driver(dut, 0)

    async def check(ctx):
        for body in bodies:
            await shift(ctx, dut, [byte >> place & 1 for byte in body for place in range(8)], 0)
            assert await shift(ctx, dut, [1] * 32, 1) ^ 0xFFFFFFFF == zlib.crc32(body)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)

    driver.add(check)
    driver.run(2000)


@pytest.mark.parametrize("word", [0, 0xFFFFFFFF, 0x12345678])
def test_it_keeps_32_bits(word):
    dut = CRC32()
    driver = Driver(dut, 0)

    async def check(ctx):
        await shift(ctx, dut, [word >> place & 1 for place in range(32)], 1)
        await ctx.tick().repeat(3)
        assert await shift(ctx, dut, [0] * 32, 1) == word

    driver.add(check)
    driver.run(200)
