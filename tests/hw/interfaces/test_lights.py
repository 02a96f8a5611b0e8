# amaranth: UnusedElaboratable=no

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.lights import Lights

from .streams import Driver

HEARTBEAT, BUSY, ERROR = 1, 2, 4


def shown(inputs, count=6, clock_mhz=32e-6):
    """What LEDs show in each cycle, with inputs by cycle; of a clock of 32 Hz."""
    dut, seen = Lights(clock_mhz, count), []
    driver = Driver(dut, 0)

    async def run(ctx):
        for cycle, (busy, error, last) in enumerate(inputs):
            ctx.set(dut.place, cycle % 32)
            ctx.set(dut.cycle, cycle - cycle % 32 >> cycle % 32 & 1)
            ctx.set(dut.busy, busy)
            ctx.set(dut.error, error)
            ctx.set(dut.last, last)
            await ctx.tick()
            seen.append(ctx.get(dut.o))

    driver.add(run)
    driver.run(1000)
    return seen


def test_heartbeat_lasts_about_a_second():
    seen = shown([(0, 0, 0)] * 133)
    assert [led & HEARTBEAT for led in seen] == [0] * 5 + ([0] * 32 + [1] * 32) * 2
    assert Lights(30.0, 1).beat == 24  # 0.56 s on, 0.56 s off
    assert Lights(75.0, 1).beat == 26  # 0.89 s


def test_busy_and_the_low_bits_of_the_output():
    seen = shown([(1, 0, 0b1011), (0, 0, 0b1100)])
    assert [led & ~HEARTBEAT for led in seen] == [BUSY | 0b011 << 3, 0b100 << 3]


@pytest.mark.parametrize("at", [1, 5, 31, 36, 37, 38, 60])
def test_an_error_shows_for_half_a_heartbeat_at_least(at):
    seen = shown([(0, int(cycle == at), 0) for cycle in range(180)])
    lit = [cycle for cycle, led in enumerate(seen) if led & ERROR]
    assert lit == list(range(lit[0], lit[-1] + 1))
    assert lit[0] == at
    assert 32 <= len(lit) <= 69


def test_as_many_as_there_are():
    assert shown([(1, 1, 255)], count=2) == [BUSY]
    assert shown([(1, 1, 255)], count=0) == [0]


@pytest.mark.parametrize(
    ("clock_mhz", "count", "message"),
    [
        (31e-6, 1, r"^LEDs take a clock of 32 Hz to 4,294 MHz, not 3.1e-05 MHz$"),
        (5000, 1, r"^LEDs take a clock of 32 Hz to 4,294 MHz, not 5000 MHz$"),
        (30, -1, r"^a board has 0 LEDs or more, not -1$"),
    ],
)
def test_impossible(clock_mhz, count, message):
    with pytest.raises(PlanError, match=message):
        Lights(clock_mhz, count)
