# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import signed
from amaranth.sim import Simulator

from threefold import fpga
from threefold.errors import PlanError
from threefold.hw.fifo import Fifo
from threefold.sim.verification import lockstep, pass_through
from threefold.tools.synthesis import synthesise

DEPTHS = [1, 2, 3, 4, 5, 8, 13, 64]


class Model:
    """State: the beats held, and whether the two registers hold the oldest of them."""

    def __init__(self, depth):
        self._depth = depth
        self._held = 0
        self._fetched = False
        self._loaded = False

    def valid(self, i_valid):
        return [self._loaded]

    def ready(self, i_valid, o_ready):
        return [self._held < self._depth]

    def tick(self, i_valid, o_ready):
        accept = i_valid[0] and self._held < self._depth
        leave = self._loaded and o_ready[0]
        waits = self._held > self._loaded + self._fetched
        load = self._fetched and (not self._loaded or leave)
        self._fetched = (waits and (not self._fetched or load)) or (self._fetched and not load)
        self._loaded = load or (self._loaded and not leave)
        self._held += accept - leave


def numbered(count):
    return [(n % 16, n // 16 % 16) for n in range(count)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("depth", DEPTHS)
def test_every_cycle_is_the_models(depth, seed):
    dut = Fifo(16, lanes=2, depth=depth)
    entered, left = lockstep(dut, Model(depth), cycles=300, seed=seed)
    count = len(left["o"])
    assert count > 30
    assert left["o"] == entered["i"][:count]
    assert len(entered["i"]) - count <= depth


@pytest.mark.parametrize("stalls", [0.0, 0.4])
@pytest.mark.parametrize("depth", DEPTHS)
def test_nothing_is_lost_or_repeated(depth, stalls):
    traffic = pass_through(Fifo(4, lanes=2, depth=depth), numbered(90), 90, stalls=stalls)
    assert traffic.beats == numbered(90)


@pytest.mark.parametrize("depth", DEPTHS)
def test_accepts_exactly_as_many_beats_as_it_is_deep(depth):
    dut = Fifo(8, lanes=1, depth=depth)
    sim = Simulator(dut)
    sim.add_clock(1e-6)

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        for _ in range(2):
            accepted = 0
            for _ in range(depth + 5):
                accepted += ctx.get(dut.i.ready)
                await ctx.tick()
            assert accepted == depth
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.o.ready, 1)
            await ctx.tick().repeat(depth + 5)
            assert not ctx.get(dut.o.valid)
            ctx.set(dut.o.ready, 0)
            ctx.set(dut.i.valid, 1)

    sim.add_testbench(testbench)
    sim.run()


@pytest.mark.parametrize("depth", [4, 5, 64])
def test_a_beat_a_cycle_three_cycles_later(depth):
    traffic = pass_through(Fifo(4, lanes=2, depth=depth), numbered(80), 80)
    assert traffic.entered == list(range(80))
    assert traffic.left == list(range(3, 83))


@pytest.mark.parametrize(("family", "blocks"), [("ecp5", 1), ("ice40", 4)])
def test_a_deep_one_is_block_ram_and_a_register(family, blocks, tmp_path):
    cells = synthesise(Fifo(4, lanes=8, depth=512), fpga.get(family), tmp_path)
    assert cells.bram == blocks
    assert 32 <= cells.ff < 64


@pytest.mark.parametrize("shape", [1, signed(4)], ids=["bit", "signed"])
def test_any_shape(shape):
    entered, left = lockstep(Fifo(shape, lanes=3, depth=4), Model(4), cycles=100, seed=0)
    assert left["o"] == entered["i"][:97]


def test_parameters_are_attributes():
    fifo = Fifo(4, lanes=3, depth=5)
    assert (fifo.shape, fifo.lanes, fifo.depth) == (4, 3, 5)


@pytest.mark.parametrize("depth", [0, -1])
def test_refuses(depth):
    with pytest.raises(PlanError, match=rf"^a FIFO holds at least 1 beat, not {depth}$"):
        Fifo(4, lanes=1, depth=depth)
