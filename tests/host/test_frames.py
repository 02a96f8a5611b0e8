import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.host.frames import ABORTED, BAD, FLAG, Deframer, Rejected, frame

BODIES = st.lists(st.sampled_from([0, 0x20, 0x5D, 0x5E, 0x7D, 0x7E, 255]), min_size=1).map(bytes)


def pieces(line, sizes):
    """A line in pieces of these sizes, and then the rest."""
    for size in sizes:
        yield line[:size]
        line = line[size:]
    yield line


@given(bodies=st.lists(BODIES, max_size=5), sizes=st.lists(st.integers(0, 9)))
def test_bodies_come_out_of_pieces_of_any_size(bodies, sizes):
    line, deframer = b"".join(map(frame, bodies)), Deframer()
    found = [body for piece in pieces(line, sizes) for body in deframer.feed(piece)]
    assert found == bodies


@given(body=BODIES)
def test_only_flags_are_flags(body):
    inner = frame(body)[1:-1]
    assert FLAG not in inner
    assert frame(body)[:1] == frame(body)[-1:] == FLAG


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"\x7e\x7e\x7e", []),
        (b"\x01\x02\x7e", [Rejected(BAD)]),
        (b"\x01\x02\x7d\x7e", [Rejected(ABORTED)]),
        (frame(b"\x01")[:-1] + b"\x7d\x7e", [Rejected(ABORTED)]),
        (frame(b"\x01")[1:], [b"\x01"]),
        (zlib.crc32(b"").to_bytes(4, "little") + b"\x7e", [Rejected(BAD)]),
        (b"noise" + frame(b"\x01"), [Rejected(BAD), b"\x01"]),
        (frame(b"\x01")[:-1] + frame(b"\x02")[1:], [Rejected(BAD)]),  # a flag was lost
    ],
)
def test_what_is_dropped(line, found):
    assert list(Deframer().feed(line)) == found


@given(body=BODIES, at=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_gives_no_other_body(body, at, bit):
    line = bytearray(frame(body))
    line[at % len(line)] ^= 1 << bit
    assert set(Deframer().feed(bytes(line))) <= {body, Rejected(BAD), Rejected(ABORTED)}
