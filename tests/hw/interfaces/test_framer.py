# amaranth: UnusedElaboratable=no

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.host.frames import ABORTED, FLAG, Deframer, Rejected
from threefold.hw.interfaces.framer import Framer

from .streams import Driver


def line_of(told):
    """Bytes of a line from those that a framer gives."""
    line = bytearray()
    for each in told:
        special = not each.raw and each.byte in (0x7D, 0x7E)
        line += bytes([0x7D, each.byte ^ 0x20]) if special else bytes([each.byte])
    return bytes(line)


def tell(driver, dut, told):
    """Values to be told, as 56 bits each."""

    async def source(ctx):
        for each in told:
            bits = each["seq"] | each["address"] << 16 | each["value"] << 24
            ready = 0
            while not ready:
                ctx.set(dut.value.payload, bits & 1)
                ctx.set(dut.value.valid, 1)
                *_, ready, shift = await ctx.tick().sample(dut.value.ready, dut.shift)
                bits >>= shift
            ctx.set(dut.value.valid, 0)

    driver.add(source)


def length(outputs, bad):
    return 1 + 3 + outputs + (2 if bad else 5)


@settings(max_examples=20, deadline=None)
@given(
    outputs=st.integers(1, 6),
    verdicts=st.lists(st.integers(0, 1), max_size=4),
    values=st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255)), max_size=3),
    seed=st.integers(0, 999),
)
def test_results_come_in_order_and_bad_ones_are_aborted(outputs, verdicts, values, seed):
    dut = Framer(outputs)
    driver, rng = Driver(dut, seed), random.Random(seed)
    results = [rng.choice([rng.randbytes(outputs), b"\x7e" * outputs]) for _ in verdicts]
    seqs = [rng.randbytes(2) for _ in verdicts]
    told = [
        {"seq": seq, "address": address, "value": rng.getrandbits(32)} for seq, address in values
    ]
    driver.put(dut.results, b"".join(results))
    driver.put(
        dut.records,
        b"".join(seq + bytes([bad]) for seq, bad in zip(seqs, verdicts, strict=True)),
    )
    tell(driver, dut, told)
    count = sum(length(outputs, bad) for bad in verdicts) + 14 * len(told)
    got = driver.get(dut.o, count)
    answered = driver.count(dut.answered)
    driver.run(200 * count + 2000)

    bodies = list(Deframer().feed(line_of(got)))
    assert answered == [len(verdicts)]
    assert len(bodies) == len(verdicts) + len(values)
    assert [body for body in bodies if isinstance(body, Rejected) or body[0] == 0x81] == [
        Rejected(ABORTED) if bad else b"\x81" + seq + result
        for seq, result, bad in zip(seqs, results, verdicts, strict=True)
    ]
    assert [body for body in bodies if not isinstance(body, Rejected) and body[0] == 0x82] == [
        b"\x82"
        + each["seq"].to_bytes(2, "little")
        + bytes([each["address"]])
        + each["value"].to_bytes(4, "little")
        for each in told
    ]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("waits_for", ["verdict", "result", "nothing"])
def test_what_is_forgotten_is_aborted(waits_for, seed):
    dut = Framer(3)
    driver = Driver(dut, seed)
    bits = 0x1234 | 9 << 16 | 5 << 24
    records = b"\1\0" if waits_for == "verdict" else b"\1\0\0"
    driver.put(dut.records, records, background=True)
    results = b"\5\6" if waits_for == "result" else b"\5\6\7"
    driver.put(dut.results, results, background=True)
    bodies = []

    async def host(ctx):
        told = bits
        deframer, forget_at, cycle = Deframer(), random.Random(seed).randrange(30, 170), 0
        ctx.set(dut.o.ready, 1)
        while len(bodies) < 2:
            ctx.set(dut.forget, cycle == forget_at)
            if cycle == forget_at + 1:
                ctx.set(dut.value.valid, 1)
            ctx.set(dut.value.payload, told & 1)
            *_, valid, byte, shift = await ctx.tick().sample(dut.o.valid, dut.o.payload, dut.shift)
            told >>= shift
            if valid:
                bodies.extend(deframer.feed(line_of([byte])))
            cycle += 1

    driver.add(host)
    driver.run(2000)
    assert bodies[-1] == b"\x82\x34\x12\x09\x05\0\0\0"
    assert bodies[0] in (Rejected(ABORTED), b"\x81\1\0\5\6\7")
    if waits_for != "nothing":
        assert bodies[0] == Rejected(ABORTED)


def test_frames_begin_and_end_with_a_flag():
    dut = Framer(1)
    driver = Driver(dut, 0)
    driver.put(dut.records, b"\1\0\0")
    driver.put(dut.results, b"\5")
    got = driver.get(dut.o, length(1, bad=False))
    driver.run(1000)
    assert got[0].raw
    assert got[-1].raw
    assert bytes([got[0].byte]) == bytes([got[-1].byte]) == FLAG
    assert not any(each.raw for each in got[1:-1])


def test_no_output():
    with pytest.raises(PlanError, match=r"^a result has at least 1 byte, not 0$"):
        Framer(0)
