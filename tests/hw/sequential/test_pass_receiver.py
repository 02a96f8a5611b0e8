import random
from functools import cache

import pytest
from amaranth.sim import Simulator

from threefold.hw.sequential.pass_receiver import PassReceiver
from threefold.hw.sequential.word_unpacker import plain_bits
from threefold.plan import lower
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit

from ...loadable_networks import network


@cache
def program(bits):
    outside = {"feed": Feed(bits).to_dict(), "weights_per_byte": 5}
    return StreamedUnit(lower(network(3)), 4, 4, **outside).made_loadable().program


def written(bits, words):
    """Rows that are written, as they are and as plain bytes, for words without a gap."""
    dut, rows = PassReceiver(program(bits)), []

    async def testbench(ctx):
        ctx.set(dut.valid, 1)
        for word in [*words, 0, 0]:
            ctx.set(dut.word, word)
            if ctx.get(dut.write):
                rows.append((ctx.get(dut.row), ctx.get(plain_bits(dut.row))))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return rows


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_rows_in_front_of_weights_stay_as_they_are(bits):
    made, rng = program(bits), random.Random(bits)
    size, limits = made.row_words, made.limits
    told = made.check_bits + limits["stored"] + 1 + limits["plain"]
    ahead = -(-told // made.row_bits) + 1
    stored, words, plain = ahead + 2, [], []
    for number in range(3):
        # Wrong CRCs, the first of 0; rows are written all the same.
        head = number * 0x5A5A5A5A | stored << made.check_bits
        head |= ahead << made.check_bits + limits["stored"] + 1
        rows = [head >> made.row_bits * n & (1 << made.row_bits) - 1 for n in range(ahead)]
        rows += [rng.randrange(1 << made.row_bits) for _ in range(2)]
        plain += [(row, n < ahead) for n, row in enumerate(rows)]
        words += [row >> bits * n & (1 << bits) - 1 for row in rows for n in range(size)]
    found = written(bits, words)
    assert len(found) == len(plain)
    for (row, bytes_), (expected, stays) in zip(found, plain, strict=True):
        if stays:
            assert bytes_ == expected
        else:
            assert bytes_ != expected
            assert all(row >> place & 3 != 2 for place in range(0, made.memory_bits, 2))
