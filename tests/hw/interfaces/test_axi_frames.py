# amaranth: UnusedElaboratable=no

"""AXI frame reader: addresses, and a streamed accelerator over memories of several times."""

import random
import re
from itertools import pairwise

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.axi_frames import AXIFrameReader
from threefold.plan.cycle_model.cycles import trace

from .outside import EXPECTED, IMAGES, OutsideTop, plan, run

BASE = 0x4000_0000


def memory(dut, words, latency: int, *, seed: int | None = None, addresses: list | None = None):
    """A subordinate that gives its words after a number of cycles, or after more by chance."""

    async def serve(ctx):
        ar, r, rng = dut.bus.ar, dut.bus.r, random.Random(seed)
        size, cycle, ready_at = len(r.payload.data) // 8, 0, []
        while True:
            ctx.set(ar.ready, seed is None or rng.random() < 0.5)
            gives = bool(ready_at) and ready_at[0][0] <= cycle
            gives = gives and (seed is None or rng.random() < 0.7)
            ctx.set(r.valid, gives)
            if gives:
                ctx.set(r.payload.data, words[ready_at.pop(0)[1]])
            *_, valid, ready, address, beats = await ctx.tick().sample(
                ar.valid, ar.ready, ar.payload.addr, ar.payload.len
            )
            if valid and ready:
                if addresses is not None:
                    addresses.append((address, beats + 1))
                first = max([cycle + latency, *(at + 1 for at, _ in ready_at[-1:])])
                place = (address - BASE) // size
                ready_at += [(first + n, place + n) for n in range(beats + 1)]
            cycle += 1

    return serve


def top(made):
    """An accelerator whose program comes over it."""
    program = made.streamed.program
    reader = AXIFrameReader(bits=program.word_bits, words=program.frame_words)
    return OutsideTop(made, reader, "bus", BASE)


@pytest.mark.parametrize(("bits", "latency"), [(32, 1), (32, 20), (128, 7)])
def test_bits_and_cycles_of_a_memory_of_fixed_times(bits, latency):
    made, addresses = plan(bits, latency), []
    words = made.streamed.program.words
    dut = top(made)
    values, left = run(dut, memory(dut, words, latency, addresses=addresses))
    assert values == EXPECTED
    assert left == trace(made.netlist.stages, len(IMAGES)).left.tolist()
    size = bits // 8
    for address, beats in addresses:
        assert address // 4096 == (address + beats * size - 1) // 4096
    ends = {address + beats * size for address, beats in addresses}
    assert max(ends) == BASE + len(words) * size
    for (address, beats), (following, _) in pairwise(addresses):
        assert following in (address + beats * size, BASE)


def test_bits_of_a_memory_of_random_times():
    made = plan(32, 1)
    words = made.streamed.program.words
    dut = top(made)
    values, _ = run(dut, memory(dut, words, 3, seed=1))
    assert values == EXPECTED


@pytest.mark.parametrize(
    ("bits", "words", "beats"),
    [(32, 256, 256), (32, 1024, 256), (32, 12, 4), (64, 96, 32), (128, 7, 1)],
)
def test_bursts_are_as_long_as_pages_allow(bits, words, beats):
    assert AXIFrameReader(bits=bits, words=words).beats == beats


@pytest.mark.parametrize(
    ("bits", "words", "message"),
    [
        (16, 8, "data of AXI4 have 32, 64 or 128 bits here, not 16"),
        (32, 0, "a frame has 1 word or more, not 0"),
    ],
)
def test_what_is_no_bus_is_refused(bits, words, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        AXIFrameReader(bits=bits, words=words)
