import random
from functools import cache

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.sequential.pass_receiver import PassReceiver
from threefold.hw.sequential.weight_unpacker import plain_bytes
from threefold.plan import lower
from threefold.plan.sequential import Feed
from threefold.plan.sequential.weight_bytes import weight_bytes
from threefold.plan.units.streamed import StreamedUnit

from ...loadable_networks import network


@cache
def program(bits):
    outside = {"feed": Feed(bits).to_dict(), "weights_per_byte": 5}
    return StreamedUnit(lower(network(3)), 4, 4, **outside).made_loadable().program


def written(bits, words, rng):
    """Rows that are written, as they are and as plain bytes; with ``rng`` words have gaps."""
    dut, rows = PassReceiver(program(bits)), []

    async def testbench(ctx):
        left = [*words, 0, 0]
        while left:
            valid = rng is None or rng.random() < 0.6
            ctx.set(dut.valid, valid)
            ctx.set(dut.word, left.pop(0) if valid else rng.getrandbits(bits))
            if ctx.get(dut.write):
                assert ctx.get(dut.place) == len(rows)
                rows.append((ctx.get(dut.row), ctx.get(plain_bytes(dut.row))))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return rows


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_rows_in_front_of_weights_stay_as_they_are(bits, gaps):
    made, rng = program(bits), np.random.default_rng(bits)
    size, limits, row_bytes = made.row_words, made.limits, made.row_bits // 8
    told = made.check_bits + limits["stored"] + 1 + limits["plain"]
    least, words, expected = -(-told // made.row_bits), [], []
    for number, (plain, weighted) in enumerate([(1, 2), (0, 1), (0, 0), (2, 3)]):
        ahead = least + plain
        # Wrong CRCs, the first of 0; rows are written all the same.
        head = number * 0x5A5A5A5A | ahead + weighted << made.check_bits
        head |= ahead << made.check_bits + limits["stored"] + 1
        rows = [head >> made.row_bits * n & (1 << made.row_bits) - 1 for n in range(least)]
        rows += [int.from_bytes(rng.bytes(row_bytes), "little") for _ in range(plain)]
        expected += [(1, row) for row in rows]
        weights = rng.integers(-1, 2, (weighted, 5 * row_bytes), np.int8)
        rows += [int.from_bytes(row.tobytes(), "little") for row in weight_bytes(weights, 5)]
        pairs = weight_bytes(np.pad(weights, ((0, 0), (0, -weights.shape[1] % 4))), 4)
        expected += [(0, int.from_bytes(row.tobytes(), "little")) for row in pairs]
        words += [row >> bits * n & (1 << bits) - 1 for row in rows for n in range(size)]
    found = written(bits, words, random.Random(bits) if gaps else None)
    assert len(found) >= len(expected)
    for row, (stays, each) in zip(found, expected, strict=False):
        assert row[stays] == each
