# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import Shape
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.stream import lane_shape
from threefold.hw.stream_adder import StreamAdder
from threefold.sim.verification import lockstep


class Model:
    """No state."""

    def valid(self, i_valid):
        return [all(i_valid)]

    def ready(self, i_valid, o_ready):
        a_valid, b_valid = i_valid
        return [b_valid and o_ready[0], a_valid and o_ready[0]]

    def tick(self, i_valid, o_ready):
        pass


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("a_max", "b_max"), [(1, 1), (15, 15), (3, 255), (31, 1)])
def test_every_cycle_is_the_models(a_max, b_max, seed):
    dut = StreamAdder(a_max, b_max, lanes=3)
    entered, left = lockstep(dut, Model(), cycles=200, seed=seed)
    assert len(left["o"]) > 5
    sums = [
        tuple(a + b for a, b in zip(*pair, strict=True))
        for pair in zip(entered["a"], entered["b"], strict=True)
    ]
    assert left["o"] == sums


@pytest.mark.parametrize(
    ("a_max", "b_max", "widths"),
    [
        (1, 1, (1, 1, 2)),
        (15, 15, (4, 4, 5)),
        (2, 1, (2, 1, 2)),
        (8, 7, (4, 3, 4)),
        (2, 2, (2, 2, 3)),
    ],
)
def test_no_wider_than_the_largest_codes(a_max, b_max, widths):
    dut = StreamAdder(a_max, b_max, lanes=1)
    assert tuple(Shape.cast(lane_shape(port)).width for port in (dut.a, dut.b, dut.o)) == widths
    sim = Simulator(dut)

    async def testbench(ctx):
        ctx.set(dut.a.payload, [a_max])
        ctx.set(dut.b.payload, [b_max])
        assert list(ctx.get(dut.o.payload)) == [a_max + b_max]

    sim.add_testbench(testbench)
    sim.run()


def test_parameters_are_attributes():
    adder = StreamAdder(15, 7, lanes=3)
    assert (adder.a_max, adder.b_max, adder.lanes) == (15, 7, 3)


@pytest.mark.parametrize(("a_max", "b_max"), [(0, 1), (1, 0), (-1, 3)])
def test_refuses(a_max, b_max):
    message = rf"^the largest codes to add must be at least 1, not {a_max} and {b_max}$"
    with pytest.raises(PlanError, match=message):
        StreamAdder(a_max, b_max, lanes=1)
