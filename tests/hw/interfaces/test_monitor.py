# amaranth: UnusedElaboratable=no

import pytest
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.interfaces.monitor import Monitor
from threefold.hw.stream import lane_stream


def test_no_more_images_are_in_flight_than_can_be_counted():
    dut = Monitor(lane_stream(2, 1), lane_stream(2, 1), i_beats=1, o_beats=1)

    async def testbench(ctx):
        for signal in (dut.run, dut.i.valid, dut.to.ready, dut.o.ready):
            ctx.set(signal, 1)
        begun = 0
        for _ in range(600):
            *_, valid = await ctx.tick().sample(dut.to.valid)
            begun += valid
        assert begun == 255
        assert ctx.get(dut.busy)

        ctx.set(dut.back.valid, 1)
        assert not ctx.get(dut.to.valid)
        await ctx.tick().repeat(4)
        assert ctx.get(dut.to.valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("beats", [(0, 1), (1, 0)])
def test_images_without_beats(beats):
    with pytest.raises(PlanError, match=r"^an image has at least 1 beat, not 0$"):
        Monitor(lane_stream(2, 1), lane_stream(2, 1), i_beats=beats[0], o_beats=beats[1])
