# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.interfaces.flash import FlashReader
from threefold.sim.flash import SPIFlash

CONTENT = bytes(random.Random(0).randrange(256) for _ in range(20))
OFFSET = 0x104000


def read(reader, count, *, clock_mhz, seed=0, stop_behind=1):
    """Bytes that leave, the flash, and the reader's pins and state at the end."""
    flash, rng, found, end = SPIFlash(), random.Random(seed), [], {}
    flash.write(OFFSET, CONTENT)
    period = 1000 / clock_mhz

    async def memory(ctx):
        cycle = 0
        async for _, _, cs, clk, copi in ctx.tick().sample(reader.cs, reader.clk, reader.copi):
            cycle += 1
            ctx.set(reader.cipo, flash.pins(cs=cs, clk=clk, copi=copi, ns=cycle * period))

    async def sink(ctx):
        while len(found) < count:
            for _ in range(rng.choice((0, 0, 1, 70))):
                await ctx.tick()
            ctx.set(reader.o.ready, 1)
            *_, valid, payload = await ctx.tick().sample(reader.o.valid, reader.o.payload)
            ctx.set(reader.o.ready, 0)
            found.extend([payload] * valid)
        assert ctx.get(reader.busy)
        await ctx.tick().repeat(stop_behind)
        ctx.set(reader.stop, 1)
        await ctx.tick()
        ctx.set(reader.stop, 0)
        ctx.set(reader.o.ready, 1)
        await ctx.tick().repeat(400)
        end.update(
            {name: ctx.get(getattr(reader, name)) for name in ("busy", "cs", "clk")},
            valid=ctx.get(reader.o.valid),
        )

    simulator = Simulator(reader)
    simulator.add_clock(1e-6)
    simulator.add_process(memory)
    simulator.add_testbench(sink)
    simulator.run()
    return bytes(found), flash, end


@pytest.mark.parametrize("clock_mhz", [12, 30, 48, 75, 130])
def test_it_reads_within_the_data_sheet(clock_mhz):
    reader = FlashReader.at(OFFSET, clock_mhz=clock_mhz)
    found, flash, end = read(reader, len(CONTENT), clock_mhz=clock_mhz, seed=clock_mhz)
    assert found == CONTENT
    assert flash.faults == []
    assert flash.reads == [OFFSET]
    assert end == {"busy": 0, "cs": 0, "clk": 0, "valid": 0}


@pytest.mark.parametrize("stop_behind", [1, 3, 16, 90])
def test_a_stop_at_any_time_ends_reading(stop_behind):
    reader = FlashReader(OFFSET, half=1, rest=200)
    found, _, end = read(reader, 3, clock_mhz=30, stop_behind=stop_behind)
    assert found == CONTENT[:3]
    assert end == {"busy": 0, "cs": 0, "clk": 0, "valid": 0}


@pytest.mark.parametrize(
    ("half", "rest", "fault"),
    [(1, 10_000, "in a period of the clock"), (4, 100, "while the flash is asleep")],
)
def test_the_model_tells_a_reader_that_is_too_fast(half, rest, fault):
    _, flash, _ = read(FlashReader(OFFSET, half=half, rest=rest), 1, clock_mhz=120)
    assert any(fault in each for each in flash.faults)


@pytest.mark.parametrize(
    ("offset", "half", "rest", "message"),
    [
        (1 << 24, 1, 1, "a flash is read from 0 to 0xffffff, not 0x1000000"),
        (0, 0, 1, "a flash takes 1 cycle or more, not 0"),
        (0, 1, 0, "a flash takes 1 cycle or more, not 0"),
    ],
)
def test_impossible(offset, half, rest, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        FlashReader(offset, half=half, rest=rest)
