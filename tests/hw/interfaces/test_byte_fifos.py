# amaranth: UnusedElaboratable=no

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.interfaces.byte_fifos import ByteFifos

from .streams import Driver


@settings(max_examples=20, deadline=None)
@given(few_bits=st.integers(1, 2), more=st.integers(1, 2), seed=st.integers(0, 999))
def test_bytes_of_both_come_in_order(few_bits, more, seed):
    dut = ByteFifos(address_bits=few_bits + more, few_bits=few_bits)
    driver, rng = Driver(dut, seed), random.Random(seed)
    sent, records = rng.randbytes(rng.randrange(40)), rng.randbytes(rng.randrange(20))
    driver.put(dut.i, sent)
    driver.put(dut.few_i, records)
    got, few_got = driver.get(dut.o, len(sent)), driver.get(dut.few_o, len(records))
    driver.run(8000)
    assert (bytes(got), bytes(few_got)) == (sent, records)


@pytest.mark.parametrize(
    ("address_bits", "few_bits", "many", "few"), [(4, 2, 12, 4), (3, 2, 4, 4), (4, 1, 14, 2)]
)
def test_they_hold_what_they_say_and_one_more(address_bits, few_bits, many, few):
    dut = ByteFifos(address_bits=address_bits, few_bits=few_bits)
    assert (dut.many, dut.few) == (many, few)
    driver = Driver(dut, 0)
    taken = driver.count(dut.i.valid & dut.i.ready)
    few_taken = driver.count(dut.few_i.valid & dut.few_i.ready)

    async def fill(ctx):
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.few_i.valid, 1)
        await ctx.tick().repeat(60)

    driver.add(fill)
    driver.run(100)
    assert (taken[0], few_taken[0]) == (many + 1, few + 1)


def test_the_few_are_cleared_alone():
    dut = ByteFifos(address_bits=3, few_bits=2)
    driver = Driver(dut, 0)

    async def clear(ctx):
        for port in (dut.i, dut.few_i):
            ctx.set(port.payload, 5)
            ctx.set(port.valid, 1)
            await ctx.tick().repeat(3)
            ctx.set(port.valid, 0)
        await ctx.tick().repeat(6)
        ctx.set(dut.clear_few, 1)
        await ctx.tick()
        ctx.set(dut.clear_few, 0)
        await ctx.tick().repeat(6)
        assert ctx.get(dut.o.valid)
        assert not ctx.get(dut.few_o.valid)

    driver.add(clear)
    driver.run(100)


@pytest.mark.parametrize("few_bits", [0, 4])
def test_impossible(few_bits):
    message = rf"^few bytes have 1 to 3 address bits, not {few_bits}$"
    with pytest.raises(PlanError, match=message):
        ByteFifos(address_bits=4, few_bits=few_bits)
