import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from threefold.sim import golden
from threefold.sim.streams import Stream, pack, streams_of, unpack, unpack_bits

from ..accelerators import CODES, engines, random_images, random_plan


@st.composite
def beats(draw, signed):
    bits, lanes = draw(st.integers(1 + signed, 63)), draw(st.integers(1, 9))
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    row = st.lists(st.integers(low, high), min_size=lanes, max_size=lanes)
    return bits, lanes, draw(st.lists(row, min_size=1, max_size=4))


def packed(rows, bits):
    return [int.from_bytes(row.tobytes(), "little") for row in pack(np.array(rows), bits)]


@given(beats(signed=False))
def test_unsigned_lanes_come_back(case):
    bits, lanes, rows = case
    assert [unpack(payload, bits, lanes, False) for payload in packed(rows, bits)] == rows


@given(beats(signed=True))
def test_signed_lanes_come_back(case):
    bits, lanes, rows = case
    assert [unpack(payload, bits, lanes, True) for payload in packed(rows, bits)] == rows


@given(beats(signed=False))
def test_first_lane_is_lowest(case):
    bits, _, rows = case
    wanted = [sum(code << (lane * bits) for lane, code in enumerate(row)) for row in rows]
    assert packed(rows, bits) == wanted


def test_bytes_are_as_few_as_hold_a_beat():
    assert pack(np.array([[1, 2, 3]]), 3).tolist() == [[0b11010001, 0]]
    assert pack(np.array([[-1, 0]]), 4).tolist() == [[0x0F]]


@given(st.integers(0, 2**32), st.sampled_from(sorted(CODES)))
def test_streams_carry_what_golden_computes(seed, name):
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, CODES[name])
    images = random_images(rng, plan.network, 3)
    values = golden.evaluate(plan.network, images)
    streams = streams_of(plan)
    names = [engine.stream for engine in engines(plan)]
    assert [stream.name for stream in streams] == [
        "input",
        *names,
        *(["argmax"] if plan.ports.gives_class else []),
    ]
    assert (streams[0].prefix, streams[-1].prefix) == ("i", "o")
    for stream in streams:
        payloads = [
            int.from_bytes(row.tobytes(), "little") for row in stream.beats(values[stream.name])
        ]
        assert len(payloads) == 3 * stream.per_image
        lanes = [unpack(p, stream.bits, stream.lanes, stream.signed) for p in payloads]
        assert np.ravel(lanes).tolist() == values[stream.name].ravel().tolist()


def test_unknown_bits_stay_text():
    stream = Stream("net", "o", 2, True, 1, 3)
    assert unpack_bits("110x01", stream) == [1, "0x", -1]
    assert unpack_bits("1", stream) == [1, 0, 0]


def test_images_at_narrower_widths_have_beats_of_their_own():
    orders = np.array([[0, 1], [2, 3]]), np.array([[0, 2]])
    stream = Stream("act", "tap_act", 3, False, 2, 2, orders[0], (orders[1],))
    values, widths = np.arange(12).reshape(3, 1, 1, 4) % 8, [0, 1, 0]
    payloads = [unpack(int(row[0]), 3, 2, False) for row in stream.beats(values, widths)]
    assert payloads == [[0, 1], [2, 3], [4, 6], [0, 1], [2, 3]]
    places = [stream.image_of(beat, widths) for beat in range(5)]
    assert places == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]
    assert (stream.place(0, 1), stream.place(0, 1, 1)) == (1, 2)
