# amaranth: UnusedElaboratable=no

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.serial_counter import SerialCounter

from .streams import Driver


def counts(dut, turns, happens, clear_at=None):
    """Counts of some turns of 32 cycles, of which some have an event that is counted in them."""
    driver, told = Driver(dut, 0), []

    async def run(ctx):
        for turn in range(turns):
            count = 0
            for place in range(32):
                ctx.set(dut.place, place)
                ctx.set(dut.event, happens(turn))
                ctx.set(dut.clear, (turn, place) == clear_at)
                *_, bit, counted = await ctx.tick().sample(dut.bit, dut.counted)
                count |= bit << place
                assert counted == (place == dut.first)
            told.append(count)

    driver.add(run)
    driver.run(32 * turns + 10)
    return told


@pytest.mark.parametrize(
    ("bits", "first", "turns"), [(32, 0, 12), (4, 0, 40), (27, 5, 12), (2, 30, 9), (1, 0, 5)]
)
def test_events_are_counted_modulo_its_bits(bits, first, turns):
    told = counts(SerialCounter(bits, first=first), turns, lambda turn: turn % 3 != 1)
    before = [sum(each % 3 != 1 for each in range(turn)) for turn in range(turns)]
    assert told == [count % 2**bits << first for count in before]


def test_it_is_cleared_at_any_place():
    for place in range(0, 32, 5):
        told = counts(SerialCounter(32), 9, lambda turn: turn < 7, clear_at=(7, place))
        assert told[:7] == list(range(7))
        assert told[8] == 0


@pytest.mark.parametrize(("bits", "first"), [(0, 0), (33, 0), (28, 5), (1, -1)])
def test_impossible(bits, first):
    message = f"^a counter has bits 0 to 31 of a word, not {bits} from {first} on$"
    with pytest.raises(PlanError, match=message):
        SerialCounter(bits, first=first)
