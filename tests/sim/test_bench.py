import tracemalloc

import numpy as np
import pytest

from threefold.sim import golden
from threefold.sim.bench import Difference, Events, arguments, bench, write_beats
from threefold.sim.streams import Stream, streams_of

from ..accelerators import CODES, random_images, random_plan


def stream(prefix, *, bits=3, lanes=2, per_image=2):
    return Stream(prefix, prefix, bits, False, per_image, lanes)


STREAMS = [stream("i"), stream("tap_fc1", lanes=5), stream("o", lanes=1)]


def test_text_depends_on_widths():
    wider = [*STREAMS[:1], stream("tap_fc1", lanes=6), *STREAMS[2:]]
    assert bench("net", STREAMS) == bench("net", list(STREAMS))
    assert bench("net", STREAMS) != bench("net", wider)


def test_every_stream_but_the_input_is_checked():
    text = bench("net", STREAMS)
    assert text.count("net_check #(") == 3  # the module, and its instances
    assert ".valid(dut.tap_fc1__valid), .ready(dut.tap_fc1__ready)" in text
    assert ".valid(dut.o__valid), .ready(dut.o__ready)" in text
    assert text.count("net_source #(") == 2


def counting(images):
    """Values of each stream: 0 to 7, again and again."""
    return {
        stream.prefix: np.arange(images * stream.per_image * stream.lanes) % 8 for stream in STREAMS
    }


def test_files_hold_the_highest_byte_first(tmp_path):
    write_beats(STREAMS, [counting(2)], tmp_path)
    wide = tmp_path / "stream_1.bin"
    first = sum(lane << 3 * lane for lane in range(5))
    assert wide.read_bytes()[:2] == first.to_bytes(2, "big")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"stream_{index}.bin" for index in range(3)
    ]


def test_files_hold_batch_after_batch(tmp_path):
    write_beats(STREAMS, [counting(2)], tmp_path)
    batch = (tmp_path / "stream_1.bin").read_bytes()
    write_beats(STREAMS, [counting(2), counting(2)], tmp_path)
    assert (tmp_path / "stream_1.bin").read_bytes() == 2 * batch


def test_memory_does_not_grow_with_the_images(tmp_path):
    plan = random_plan(np.random.default_rng(0), CODES["unsigned8"], layers=2)
    peaks = []
    for count in (512, 8 * 512):
        images = random_images(np.random.default_rng(0), plan.network, count).astype(np.uint8)
        tracemalloc.start()
        write_beats(streams_of(plan), golden.batches(plan.network, images), tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


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
