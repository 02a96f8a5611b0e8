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
    for command, address, *data in commands:
        drives = bool(data)
        words.append(chip.edge(Pins(*command.value, 0, address, *(data or (0,)), drives)))
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
        ([*OPENED, (Command.WRITE, 0)], "nothing drives the data pins during a write"),
    ],
)
def test_what_no_controller_may_do_is_told(commands, fault):
    chip, _ = run(commands)
    assert any(fault in each for each in chip.faults), chip.faults


def test_faults_have_the_time_of_their_edge():
    chip, _ = run([*START, (Command.READ, 0)])
    assert chip.faults == [f"at {10 * len(START) + 10:,} ns: READ of bank 0, which is closed"]
