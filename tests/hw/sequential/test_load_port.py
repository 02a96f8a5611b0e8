"""Load port: rows that are right are there, and whatever is wrong is refused."""

import random

import pytest
from amaranth.sim import Simulator

from threefold.hw.sequential.load_port import LoadPort

MAGIC, FINGERPRINT, DEPTH, ROW = b"TFP1", b"\x12\x34\x56\x78", 4, 16


def image(rows, *, magic=MAGIC, fingerprint=FINGERPRINT, count=None):
    import zlib

    count = len(rows) if count is None else count
    content = magic + fingerprint + count.to_bytes(4, "little")
    content += b"".join(row.to_bytes(ROW // 8, "little") for row in rows)
    return content + zlib.crc32(content).to_bytes(4, "little")


def load(data, *, stalls=0.0, idle=lambda cycle: True, seed=0):
    """What is loaded after each byte, the rows, and how many images were refused."""
    dut, rng = LoadPort(ROW, DEPTH), random.Random(seed)
    rows, loaded, refused, began = {}, [], [], []

    async def feed(ctx):
        ctx.set(dut.fingerprint, int.from_bytes(FINGERPRINT, "little"))
        for byte in data:
            while rng.random() < stalls:
                await ctx.tick()
            ctx.set(dut.i.payload, byte)
            ctx.set(dut.i.valid, 1)
            taken = 0
            while not taken:
                *_, taken = await ctx.tick().sample(dut.i.ready)
            ctx.set(dut.i.valid, 0)
            loaded.append(ctx.get(dut.loaded))
        await ctx.tick().repeat(3)

    async def watch(ctx):
        cycle = 0
        while True:
            ctx.set(dut.idle, idle(cycle))
            _, _, write, place, row, wrong, ready = await ctx.tick().sample(
                dut.write, dut.place, dut.row, dut.refused, dut.i.valid & dut.i.ready
            )
            if write:
                rows[place] = row
            refused.append(wrong)
            if ready:
                began.append(cycle)
            cycle += 1

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(feed)
    sim.add_testbench(watch, background=True)
    sim.run()
    return rows, loaded, sum(refused), began


ROWS = [0x1234, 0xFFFF, 0x0001]
RIGHT = image(ROWS)


@pytest.mark.parametrize("stalls", [0.0, 0.8])
def test_rows_are_there_with_the_last_byte(stalls):
    rows, loaded, refused, _ = load(RIGHT, stalls=stalls)
    assert rows == dict(enumerate(ROWS))
    assert loaded == [0] * (len(RIGHT) - 1) + [1]
    assert refused == 0


def test_every_wrong_bit_is_refused():
    for place in range(len(RIGHT)):
        for bit in (0, 7) if place % 3 else (3,):
            wrong = bytearray(RIGHT)
            wrong[place] ^= 1 << bit
            size = place in range(8, 12)  # another number of rows waits for more or ends early
            _, loaded, refused, _ = load(bytes(wrong) + size * bytes(8))
            assert refused >= 1, (place, bit)
            assert not any(loaded), (place, bit)


@pytest.mark.parametrize(
    "wrong",
    [
        image(ROWS, fingerprint=b"\x12\x34\x56\x79"),
        image(ROWS, magic=b"TFP2"),
        image(ROWS, count=0),
        image([1] * (DEPTH + 1)),
        image(ROWS, count=1 << 20),
        image(ROWS)[:-1] + b"\0",
        b"\0" * 9,
        b"TTFP" + bytes(4),
    ],
    ids=["hardware", "magic", "none", "more", "many", "check", "nothing", "almost"],
)
def test_a_right_one_is_taken_behind_a_wrong_one(wrong):
    rows, loaded, refused, _ = load(RIGHT + wrong + RIGHT)
    assert refused == 1
    assert rows == dict(enumerate(ROWS))
    assert loaded[len(RIGHT) - 1] == 1
    assert not any(loaded[len(RIGHT) : -1])
    assert loaded[-1] == 1


def test_what_is_cut_short_takes_the_next_with_it():
    for length in range(1, len(RIGHT)):
        _, loaded, refused, _ = load(RIGHT[:length] + RIGHT + RIGHT)
        assert refused >= 1, length
        assert loaded[-1] == 1, length
        early = loaded[: length + len(RIGHT) - 1]
        assert not any(early), length


def test_each_of_two_wrong_ones_counts():
    other = image(ROWS, fingerprint=bytes(4))
    assert load(other + other + RIGHT)[2] == 2
    assert load(other + RIGHT[:-1] + b"\0" + other)[2] == 3


def test_it_begins_when_all_is_idle():
    _, loaded, _, began = load(RIGHT, idle=lambda cycle: cycle >= 40)
    assert began[0] == 48
    assert loaded[-1] == 1
    late = load(RIGHT, idle=lambda cycle: cycle < 20)[3]
    assert late == load(RIGHT)[3]
