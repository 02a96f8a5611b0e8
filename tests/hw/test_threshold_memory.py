from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from threefold.hw.threshold_memory import ThresholdMemory

ROWS = np.array([[0, 3], [7, 15], [4, 4], [1, 14], [0, 0]])


@pytest.mark.parametrize("family", [None, "ice40", "ecp5"])
def test_compares_with_the_row_read_before(family):
    memory = ThresholdMemory(ROWS, accumulator_bits=4)

    async def testbench(ctx):
        for row, thresholds in enumerate(ROWS):
            ctx.set(memory.row, row)
            await ctx.tick()
            for total in range(16):
                ctx.set(memory.row, 2)
                ctx.set(memory.total, total)
                await ctx.tick()
                ctx.set(memory.row, row)
                ctx.set(memory.total, 0)
                assert ctx.get(memory.reached) == sum(
                    int(total >= threshold) << index for index, threshold in enumerate(thresholds)
                )
                await ctx.tick()

    sim = Simulator(Fragment.get(memory, SimpleNamespace(family=family)))
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


def test_parameters_are_attributes():
    memory = ThresholdMemory(ROWS, accumulator_bits=4)
    Fragment.get(memory, platform=None)
    assert (memory.rows.tolist(), memory.accumulator_bits) == (ROWS.tolist(), 4)
