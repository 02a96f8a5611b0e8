# amaranth: UnusedElaboratable=no

import pytest

from threefold.errors import PlanError
from threefold.fpga import FAMILIES
from threefold.hw.fifo import Fifo
from threefold.hw.fork import Fork
from threefold.hw.skid_buffer import SkidBuffer
from threefold.sim.verification import StreamBench

BEATS = [(value % 16,) for value in range(60)]


def test_stalls_are_those_of_the_seed():
    bench = StreamBench(Fifo(4, lanes=1, depth=2))
    first, again, other = (bench.run(BEATS, 60, stalls=0.5, seed=seed) for seed in (0, 0, 1))
    assert first.beats == other.beats == BEATS
    assert first == again
    assert first.left != other.left


def test_a_beat_enters_once_however_long_it_waits():
    traffic = StreamBench(Fifo(4, lanes=1, depth=2)).run(BEATS, 60, stalls=0.5)
    assert len(traffic.entered) == len(traffic.left) == 60
    assert sum(traffic.offered) > 60
    assert all(traffic.offered[cycle] for cycle in traffic.entered)
    assert all(traffic.accepted[cycle] for cycle in traffic.left)


def test_beats_of_more_than_4300_decimal_digits():
    beats = [(value,) * 8 for value in (3 << 1990, 0, 9)]
    assert StreamBench(SkidBuffer(2000, lanes=8)).run(beats, 3).beats == beats


def test_surplus_beats_are_seen():
    assert StreamBench(Fifo(4, lanes=1, depth=2)).run(BEATS, 40).beats == BEATS


def test_missing_beats_end_a_run():
    assert StreamBench(Fifo(4, lanes=1, depth=2)).run(BEATS, 61).beats == BEATS


def test_other_streams_are_refused():
    message = "a stream bench takes a component with the streams i and o, not i, o__0, o__1"
    with pytest.raises(PlanError, match=f"^{message}$"):
        StreamBench(Fork(4, lanes=1, outputs=2))


def test_a_family_that_there_is_not():
    message = f"family must be one of {', '.join(FAMILIES)}, not 'foo'"
    with pytest.raises(PlanError, match=f"^{message}$"):
        StreamBench(Fifo(4, lanes=1, depth=3), family="foo")
