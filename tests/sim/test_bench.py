import numpy as np
import pytest

from threefold.sim.bench import Difference, Events, arguments, bench, write_beats
from threefold.sim.streams import Stream, pack


def stream(prefix, *, bits=3, lanes=2, beats=4, per_image=2):
    payloads = np.arange(beats * lanes).reshape(beats, lanes) % (1 << bits)
    return Stream(prefix, prefix, bits, False, pack(payloads, bits), per_image, lanes)


STREAMS = [stream("i"), stream("tap_fc1", lanes=5), stream("o", lanes=1)]


def test_text_depends_on_widths_and_not_on_beats():
    longer = [
        stream("i", beats=8),
        stream("tap_fc1", lanes=5, beats=6),
        stream("o", lanes=1, beats=60),
    ]
    wider = [*STREAMS[:1], stream("tap_fc1", lanes=6), *STREAMS[2:]]
    assert bench("net", STREAMS) == bench("net", longer)
    assert bench("net", STREAMS) != bench("net", wider)


def test_every_stream_but_the_input_is_checked():
    text = bench("net", STREAMS)
    assert text.count("net_check #(") == 3  # the module, and its instances
    assert ".valid(dut.tap_fc1__valid), .ready(dut.tap_fc1__ready)" in text
    assert ".valid(dut.o__valid), .ready(dut.o__ready)" in text
    assert text.count("net_source #(") == 2


def test_files_hold_the_highest_byte_first(tmp_path):
    write_beats(STREAMS, tmp_path)
    wide = tmp_path / "stream_1.bin"
    first = sum(lane << 3 * lane for lane in range(5))
    assert wide.read_bytes()[:2] == first.to_bytes(2, "big")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"stream_{index}.bin" for index in range(3)
    ]


@pytest.mark.parametrize(("stalls", "threshold"), [(0.0, 0), (0.25, 2**30), (1 - 1e-12, 2**32 - 1)])
def test_arguments(stalls, threshold):
    def given(seed):
        return arguments(images=3, patience=7, stalls=stalls, seed=seed)

    assert given(1)[:3] == ["+images=3", "+patience=7", f"+threshold={threshold}"]
    assert given(1) == given(1)
    assert not set(given(1)[3:]) & set(given(2)[3:])
    assert len({argument.partition("=")[2] for argument in given(1)[3:]}) == 2


def test_events(tmp_path):
    log = tmp_path / "events.txt"
    log.write_text(
        "entered 1\nentered 5\noutput 0a\nleft 9\noutput 0b\nleft 13\n"
        "passed 0 4\npassed 1 2\ncycles 80\n"
    )
    assert Events.read(log) == Events([1, 5], [9, 13], ["0a", "0b"], None, None, [4, 2], 80)


def test_of_differences_in_one_cycle_the_first_stream_counts(tmp_path):
    log = tmp_path / "events.txt"
    log.write_text("differs 10 3 x1 01\ndiffers 2 7 10 none\ncycles 5\n")
    assert Events.read(log).difference == Difference(2, 7, "10", None)


def test_stuck(tmp_path):
    log = tmp_path / "events.txt"
    log.write_text("stuck 1001\npassed 0 0\ncycles 1001\n")
    events = Events.read(log)
    assert (events.stuck, events.passed, events.cycles) == (1001, [0], 1001)
