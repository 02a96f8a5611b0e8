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
brought = []  # bytes that the latest parser has loaded
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
    loaded: bytes = b""


def image(codes=bytes(range(INPUTS)), seq=SEQ):
    return Frame(checked(b"\x01" + seq + codes), codes, seq + b"\0")


def damaged(content, *, codes=b"", record=b"", aborted=False):
    record = record and record.ljust(2, b"\x7f") + b"\1"
    return Frame(content, codes.ljust(INPUTS if record else 0, END), record, (), True, aborted)


def load(count):
    brought = bytes(5 * place % 256 for place in range(count))
    return Frame(checked(b"\x04" + SEQ + bytes([count - 1]) + brought), loaded=brought)


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
    "a type": damaged(checked(b"\x05" + SEQ)),
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
LOADS = {
    "load of 1": load(1),
    "load of 5": load(5),
    "load of 256": load(256),
    "load without a number": damaged(b"\x04" + SEQ),
    "load without bytes": Frame(b"\x04" + SEQ + b"\x02", bad=True),
    "load short by a byte": Frame(load(5).content[:-1], bad=True, loaded=load(5).loaded),
    "load long by a byte": Frame(load(5).content + b"\0", bad=True, loaded=load(5).loaded),
    "load of less": Frame(load(5).content[:7], bad=True, loaded=load(5).loaded[:3]),
    "load aborted": Frame(load(5).content, bad=True, aborted=True, loaded=load(5).loaded),
    "load with another CRC": Frame(
        load(3).content[:-1] + bytes([load(3).content[-1] ^ 8]), bad=True, loaded=load(3).loaded
    ),
}


def parse(frames, seed, run=1, *, inputs=INPUTS, loads=False, loading=1):
    """What a parser makes of frames."""
    dut = FrameParser(inputs, value_bits=5, loads=loads)
    driver = Driver(dut, seed)
    line = []
    for frame in frames:
        line += [{"byte": byte, "end": 0, "aborted": 0} for byte in frame.content]
        line.append({"byte": 0x7E, "end": 1, "aborted": int(frame.aborted)})

    async def hold(ctx):
        ctx.set(dut.run, run)
        if loads:
            ctx.set(dut.loading, loading)

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
    loaded = driver.get(dut.loaded, sum(len(frame.loaded) for frame in frames)) if loads else []
    driver.run(60 * len(line) + 2000)
    brought[:] = loaded
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


@pytest.mark.parametrize("name", LOADS)
def test_what_is_loaded_and_frames_beside_it(name):
    frames = [LOADS[name], FRAMES["image"], LOADS["load of 5"], FRAMES["write"], LOADS[name]]
    found = comparable(parse(frames, seed=2, loads=True))
    assert found == comparable(expected(frames))
    assert bytes(brought) == b"".join(frame.loaded for frame in frames)


@settings(max_examples=10, deadline=None)
@given(
    names=st.lists(st.sampled_from([*FRAMES, *LOADS]), max_size=5),
    seed=st.integers(0, 99),
)
def test_frames_of_a_loadable_accelerator_under_stalls(names, seed):
    frames = [(FRAMES | LOADS)[name] for name in names]
    found = comparable(parse(frames, seed, loads=True))
    assert found == comparable(expected(frames))
    assert bytes(brought) == b"".join(frame.loaded for frame in frames)


def test_an_image_may_have_more_codes_than_a_load_bytes():
    many = image(bytes(3 * place % 256 for place in range(260)))
    frames = [many, LOADS["load of 256"], many, LOADS["load of 1"]]
    assert comparable(parse(frames, 3, inputs=260, loads=True)) == comparable(expected(frames))
    assert bytes(brought) == frames[1].loaded + frames[3].loaded


@pytest.mark.parametrize("loads", [False, True])
def test_nothing_is_loaded_unless_it_may_be(loads):
    frames = [Frame(LOADS["load of 5"].content, bad=True), FRAMES["image"]]
    found = comparable(parse(frames, 0, loads=loads, loading=0))
    assert found == comparable(expected(frames))
    assert not brought


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
