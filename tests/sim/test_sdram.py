import dataclasses

import pytest

from threefold.boards.sdram import AS4C16M16SA_7
from threefold.sim.sdram import Command, Pins, SDRAMChip

SMALL = dataclasses.replace(AS4C16M16SA_7, rows=16, columns=16, power_up_us=1)
ALL, MODE = 1 << 10, 0x33
START = [
    *[(Command.NONE, 0)] * 100,
    (Command.PRECHARGE, ALL),
    *[(Command.NONE, 0)] * 2,
    *[(Command.REFRESH, 0), *[(Command.NONE, 0)] * 6] * 8,
    (Command.MODE, MODE),
    (Command.NONE, 0),
]
OPENED = [*START, (Command.ACTIVATE, 3), *[(Command.NONE, 0)] * 2]


def run(commands, chip=None):
    """The chip after commands to bank 0 at 100 MHz, and the word that it drives after each."""
    chip = chip or SDRAMChip(SMALL, clock_mhz=100)
    words = []
    for place, (command, address, *data) in enumerate(commands):
        dqm = place < len(START) - 1
        words.append(chip.edge(Pins(*command.value, dqm, 0, address, *(data or (0,)), bool(data))))
    return chip, words


def test_a_burst_that_is_written_is_read_again():
    write = [(Command.WRITE, 5, 100), *[(Command.NONE, 0, 100 + n) for n in range(1, 8)]]
    chip, words = run([*OPENED, *write, (Command.READ, 5), *[(Command.NONE, 0)] * 11])
    assert chip.faults == []
    # Words of a burst wrap around within its eight columns.
    assert chip.content[0, 3, :8].tolist() == [103, 104, 105, 106, 107, 100, 101, 102]
    assert words[-12:] == [None, None, *range(100, 108), None, None]


@pytest.mark.parametrize(
    ("commands", "fault"),
    [
        ([(Command.PRECHARGE, ALL)], "PRECHARGE before the power has been up for long enough"),
        (START[:-16] + START[-2:], "6 refreshes before the mode is set, not 8"),
        (START[:100] + START[103:], "the mode is set before all banks were precharged"),
        ([*START[:-2], (Command.MODE, 0x23)], "mode 0x023, not bursts of 8 with a CAS latency of"),
        ([*START[:-2], (Command.ACTIVATE, 0)], "ACTIVATE before the mode is set"),
        ([*START, (Command.READ, 0)], "READ of bank 0, which is closed"),
        ([*OPENED, (Command.ACTIVATE, 3)], "bank 0 is open already"),
        ([*START, (Command.ACTIVATE, 16)], "row 16 of 16"),
        ([*OPENED, (Command.READ, 0), (Command.READ, 8)], "a burst is cut short"),
        ([*OPENED, (Command.READ, ALL)], "a precharge that follows of itself"),
        ([*OPENED, (Command.STOP, 0)], "a burst is stopped"),
        ([*OPENED, (Command.REFRESH, 0)], "REFRESH while bank 0 is open"),
        (
            [*OPENED, (Command.READ, 0), *[(Command.NONE, 0)] * 3, (Command.PRECHARGE, 0)],
            "a precharge cuts a read short",
        ),
        (
            [*OPENED, (Command.WRITE, 0, 1), (Command.NONE, 0, 1), (Command.PRECHARGE, 0, 1)],
            "a precharge cuts a write short",
        ),
        (
            [*OPENED, (Command.READ, 0), *[(Command.NONE, 0)] * 7, (Command.WRITE, 0, 1)],
            "a write while words are read",
        ),
        (
            [*OPENED, (Command.READ, 0), *[(Command.NONE, 0)] * 2, (Command.NONE, 0, 1)],
            "both sides drive the data pins",
        ),
        (
            [*OPENED, (Command.READ, 0), *[(Command.NONE, 0)] * 10, (Command.NONE, 0, 1)],
            "both sides drive the data pins",
        ),
        ([*START, (Command.NONE, 0, 1)], "the data pins are driven without a write"),
        ([*OPENED, (Command.WRITE, 0)], "nothing drives the data pins during a write"),
    ],
)
def test_what_no_controller_may_do_is_told(commands, fault):
    chip, _ = run(commands)
    assert any(fault in each for each in chip.faults), chip.faults


def test_faults_have_the_time_of_their_edge():
    chip, _ = run([*START, (Command.READ, 0)])
    assert chip.faults == [f"at {10 * len(START) + 10:,} ns: READ of bank 0, which is closed"]


def test_a_mask_is_told_of_only_where_it_matters():
    chip = SDRAMChip(SMALL, clock_mhz=100)
    for command, address in START:
        chip.edge(Pins(*command.value, 0, 0, address, 0, 0))
    assert chip.faults[0] == "at 1,010 ns: PRECHARGE before the mode is set, while DQM is low"
    chip, _ = run(OPENED)
    chip.edge(Pins(*Command.READ.value, 1, 0, 0, 0, 0))
    assert [each.partition(": ")[2] for each in chip.faults] == ["words of a burst are masked"]


def test_a_row_that_is_opened_is_not_refreshed_before_trc():
    close = [*[(Command.NONE, 0)] * 2, (Command.PRECHARGE, 0), *[(Command.NONE, 0)] * 2]
    chip = SDRAMChip(dataclasses.replace(SMALL, t_rc=90), clock_mhz=100)
    run([*OPENED, *close, (Command.REFRESH, 0)], chip)
    assert [each.partition(": ")[2] for each in chip.faults] == ["tRC of 80.0 ns, not 90 or more"]


def test_refreshes_in_advance_do_not_last():
    sdram = dataclasses.replace(SMALL, refresh_ms=0.016)  # one each 1,000 ns
    early = [(Command.REFRESH, 0), *[(Command.NONE, 0)] * 6] * 100
    chip, _ = run([*START, *early], SDRAMChip(sdram, clock_mhz=100))
    assert (chip.faults, chip.refreshes) == ([], 100)
    run([(Command.NONE, 0)] * 1500, chip)
    assert chip.faults == []
    run([(Command.NONE, 0)] * 300, chip)
    assert [each.partition(": ")[2] for each in chip.faults] == ["refreshes are 8.0 intervals late"]


def test_a_row_may_not_stay_open():
    sdram = dataclasses.replace(SMALL, most_ras=1000, refresh_ms=64)
    chip, _ = run([*OPENED, *[(Command.NONE, 0)] * 300], SDRAMChip(sdram, clock_mhz=100))
    assert [each.partition(": ")[2] for each in chip.faults] == ["a row is open for 1,010 ns"]


def test_a_clock_of_just_the_least_period_is_none_too_fast():
    assert not SDRAMChip(dataclasses.replace(SMALL, period_ns=30), clock_mhz=1000 / 30).faults
