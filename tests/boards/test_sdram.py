import dataclasses

import pytest

from threefold.boards.sdram import AS4C16M16SA_7
from threefold.errors import PlanError


def test_times_are_whole_cycles_that_are_long_enough():
    at_133, at_100 = AS4C16M16SA_7.cycles(133), AS4C16M16SA_7.cycles(100)
    # 7.52 ns a cycle.
    assert (at_133.activate_to_access, at_133.activate_to_precharge) == (3, 6)
    assert (at_133.activate_to_activate, at_133.refresh) == (9, 9)
    assert (at_100.activate_to_access, at_100.activate_to_precharge) == (3, 5)
    # One refresh in 7.8125 µs, so rounded down; 200 µs at the start.
    assert (at_133.refresh_interval, at_100.refresh_interval) == (1039, 781)
    assert at_100.power_up == 20_000


def test_a_time_of_just_so_many_cycles_takes_no_more():
    # The period of 1000 / 142.857… MHz is 7 ns, but for the rounding of a binary fraction.
    assert AS4C16M16SA_7.cycles(1000 / 7).activate_to_access == 3


def test_size():
    assert AS4C16M16SA_7.words * AS4C16M16SA_7.bits == 8 * 32 * 2**20


@pytest.mark.parametrize(
    ("name", "count", "message"),
    [
        ("banks", 1, "banks of AS4C16M16SA-7 must be a power of two from 2 on, not 1"),
        ("rows", 5000, "rows of AS4C16M16SA-7 must be a power of two from 2 on, not 5000"),
        ("columns", 4, "columns of AS4C16M16SA-7 must be a power of two from 8 on, not 4"),
        ("columns", 2048, "AS4C16M16SA-7 may have 1,024 columns at most, not 2,048"),
    ],
)
def test_geometry_that_no_sdram_has_is_refused(name, count, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        dataclasses.replace(AS4C16M16SA_7, **{name: count})


def test_no_clock_is_refused():
    message = "^the clock of AS4C16M16SA-7 must be above 0 MHz, not 0 MHz$"
    with pytest.raises(PlanError, match=message):
        AS4C16M16SA_7.cycles(0)
