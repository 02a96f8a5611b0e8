# amaranth: UnusedElaboratable=no

import random
import zlib
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.interfaces.frame_parser import FrameParser

from .streams import Driver

INPUTS = 6
SEQ = bytes([0x34, 0x12])
END = b"\x7e"  # stands for what does not come


def checked(body):
    return body + zlib.crc32(body).to_bytes(4, "little")


@dataclass
class Frame:
    """Bytes of a frame, and what comes of it."""

    content: bytes
    codes: bytes = b""
    record: bytes = b""
    request: tuple = ()
    bad: bool = False
    aborted: bool = False


def image(codes=bytes(range(INPUTS)), seq=SEQ):
    return Frame(checked(b"\x01" + seq + codes), codes, seq + b"\0")


def damaged(content, *, codes=b"", record=b"", aborted=False):
    record = record and record.ljust(2, b"\x7f") + b"\1"
    return Frame(content, codes.ljust(INPUTS if record else 0, END), record, (), True, aborted)


def register(write, address, value=None):
    told = b"" if value is None else value.to_bytes(4, "little")
    body = bytes([3 if write else 2]) + SEQ + bytes([address]) + told
    return Frame(checked(body), request=(0x1234, address, int(write), (value or 0) % 32))


WHOLE = checked(b"\x01" + SEQ + bytes(range(INPUTS)))
FRAMES = {
    "image": image(),
    "image of escapes": image(bytes([0x7E, 0x7D, 0x7E, 0, 255, 1]), seq=b"\x7e\x7d"),
    "read": register(False, 9),
    "write": register(True, 8, 0xAABBCC1F),
    "nothing": Frame(b""),
    "one byte": damaged(b"\x01"),
    "a type": damaged(checked(b"\x04" + SEQ)),
    "half a sequence number": damaged(b"\x01\x34", record=b"\x34"),
    "a header": damaged(b"\x01" + SEQ, record=SEQ),
    "short by a code": damaged(checked(WHOLE[:-5]), codes=checked(WHOLE[:-5])[3:9], record=SEQ),
    "short by a byte": damaged(WHOLE[:-1], codes=WHOLE[3:9], record=SEQ),
    "long by a byte": damaged(checked(WHOLE[:-4] + b"\0"), codes=WHOLE[3:9], record=SEQ),
    "another CRC": damaged(WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]), codes=WHOLE[3:9], record=SEQ),
    "another code": damaged(WHOLE[:4] + b"\x77" + WHOLE[5:], codes=b"\0\x77\2\3\4\5", record=SEQ),
    "aborted": damaged(WHOLE, codes=WHOLE[3:9], record=SEQ, aborted=True),
    "aborted read": damaged(checked(b"\x02" + SEQ + b"\1"), aborted=True),
    "aborted at once": damaged(b"", aborted=True),
    "a read of two": damaged(checked(b"\x02" + SEQ + b"\1\2")),
    "a write without its value": damaged(checked(b"\x03" + SEQ + b"\1")),
    "a read with another CRC": damaged(b"\x02" + SEQ + b"\1\0\0\0\0"),
}


def parse(frames, seed, run=1):
    """What a parser makes of frames."""
    dut = FrameParser(INPUTS, value_bits=5)
    driver = Driver(dut, seed)
    line = []
    for frame in frames:
        line += [{"byte": byte, "end": 0, "aborted": 0} for byte in frame.content]
        line.append({"byte": 0x7E, "end": 1, "aborted": int(frame.aborted)})

    async def hold(ctx):
        ctx.set(dut.run, run)

    async def count(ctx):
        pause, counted = random.Random(seed), 0
        for _ in range(60 * len(line) + 400):
            ctx.set(dut.counted, counted)
            *_, is_bad = await ctx.tick().sample(dut.bad)
            bad[0] += is_bad and counted
            counted = pause.random() < 0.1

    bad = [0]
    driver.add(hold)
    driver.add(count)
    driver.put(dut.i, line)
    codes = driver.get(dut.codes, sum(len(frame.codes) for frame in frames))
    records = driver.get(dut.records, sum(len(frame.record) for frame in frames))
    requests = driver.get(dut.request, sum(bool(frame.request) for frame in frames))
    driver.run(60 * len(line) + 2000)
    asked = [(each.seq, each.address, each.write, each.value) for each in requests]
    return bytes(codes), bytes(records), asked, bad[0]


def expected(frames):
    requests = [frame.request for frame in frames if frame.request]
    return (
        b"".join(frame.codes for frame in frames),
        b"".join(frame.record for frame in frames),
        requests,
        sum(frame.bad for frame in frames),
    )


def comparable(parsed):
    """What counts of it: of verdicts the lowest bit, of a READ no value."""
    codes, records, requests, bad = parsed
    records = bytes(byte & 1 if at % 3 == 2 else byte for at, byte in enumerate(records))
    return codes, records, [each[:3] + each[3:] * each[2] for each in requests], bad


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_and_those_beside_it(name):
    frames = [FRAMES[name], FRAMES["image"], FRAMES[name], FRAMES["write"]]
    found = comparable(parse(frames, seed=1))
    assert found == comparable(expected(frames))


@settings(max_examples=10, deadline=None)
@given(names=st.lists(st.sampled_from(list(FRAMES)), max_size=6), seed=st.integers(0, 99))
def test_frames_under_stalls(names, seed):
    frames = [FRAMES[name] for name in names]
    found = comparable(parse(frames, seed))
    assert found == comparable(expected(frames))


def test_no_image_is_taken_unless_it_may_run():
    frames = [FRAMES["image"], FRAMES["write"], FRAMES["image"]]
    assert comparable(parse(frames[1:2], seed=0, run=0)) == expected(frames[1:2])
    for frame in (frames[0], frames[2]):
        frame = Frame(frame.content, bad=True)
        assert comparable(parse([frame, frames[1]], 0, run=0)) == expected([frame, frames[1]])


def test_every_single_bit_that_flips_makes_a_frame_bad():
    rng = random.Random(0)
    for _ in range(12):
        at, bit = rng.randrange(1, len(WHOLE)), 1 << rng.randrange(8)
        content = WHOLE[:at] + bytes([WHOLE[at] ^ bit]) + WHOLE[at + 1 :]
        frame = damaged(content, codes=content[3:9], record=content[1:3])
        frames = [frame, FRAMES["image"]]
        assert comparable(parse(frames, seed=0)) == comparable(expected(frames))


@pytest.mark.parametrize(
    ("inputs", "value_bits", "message"),
    [
        (0, 5, r"^an image has at least 1 code, not 0$"),
        (6, 0, r"^a register takes 1 to 32 bits, not 0$"),
        (6, 33, r"^a register takes 1 to 32 bits, not 33$"),
    ],
)
def test_impossible(inputs, value_bits, message):
    with pytest.raises(PlanError, match=message):
        FrameParser(inputs, value_bits=value_bits)
