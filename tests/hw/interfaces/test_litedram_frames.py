# amaranth: UnusedElaboratable=no

"""LiteDRAM frame reader: addresses, and a streamed accelerator over memories of several times."""

import random
import re

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.litedram_frames import LiteDRAMFrameReader
from threefold.plan.cycle_model.cycles import trace

from .outside import EXPECTED, IMAGES, OutsideTop, plan, run

ADDRESS_BITS = 24
BASE = 0x12_3457
_COMMAND = ("addr", "last", "we")


def memory(dut, words, latency: int, *, seed: int | None = None, commands: list | None = None):
    """A port that gives each word after a number of cycles, or after more by chance.

    ``commands`` gets address, ``last`` and ``we`` of each.
    """

    async def serve(ctx):
        cmd, rdata, rng = dut.port.cmd, dut.port.rdata, random.Random(seed)
        cycle, ready_at, waits = 0, [], None
        while True:
            ctx.set(cmd.ready, seed is None or rng.random() < 0.5)
            gives = bool(ready_at) and ready_at[0][0] <= cycle
            gives = gives and (seed is None or rng.random() < 0.7)
            ctx.set(rdata.valid, gives)
            if gives:
                ctx.set(rdata.payload.data, words[ready_at.pop(0)[1] - BASE])
            *_, valid, ready, takes, address, last, we = await ctx.tick().sample(
                cmd.valid, cmd.ready, rdata.ready, *(cmd.payload[name] for name in _COMMAND)
            )
            command = (address, last, we)
            assert takes
            assert waits is None or (valid and command == waits)
            waits = command if valid and not ready else None
            if valid and ready:
                ready_at.append((cycle + latency, address))
                if commands is not None:
                    commands.append(command)
            cycle += 1

    return serve


def top(made):
    """An accelerator whose program comes over it."""
    program = made.streamed.program
    reader = LiteDRAMFrameReader(
        words=program.frame_words, bits=program.word_bits, address_bits=ADDRESS_BITS
    )
    return OutsideTop(made, reader, "port", BASE)


def in_turn(made, commands: int) -> list:
    """The commands that read a program from beginning to end, over and over."""
    program = made.streamed.program
    count, frame = len(program.words), program.frame_words
    return [
        (BASE + number % count, int(number % frame == frame - 1), 0) for number in range(commands)
    ]


@pytest.mark.parametrize(("bits", "latency"), [(8, 3), (16, 1), (32, 20), (64, 5), (128, 7)])
def test_bits_and_cycles_of_a_memory_of_fixed_times(bits, latency):
    made, commands = plan(bits, latency), []
    words = made.streamed.program.words
    dut = top(made)
    values, left = run(dut, memory(dut, words, latency, commands=commands))
    assert values == EXPECTED
    assert left == trace(made.netlist.stages, len(IMAGES)).left.tolist()
    assert len(commands) > len(words)
    assert commands == in_turn(made, len(commands))


@pytest.mark.parametrize("bits", [16, 128])
def test_bits_of_a_memory_of_random_times(bits):
    made, commands = plan(bits, 1), []
    words = made.streamed.program.words
    dut = top(made)
    values, _ = run(dut, memory(dut, words, 3, seed=1, commands=commands))
    assert values == EXPECTED
    assert commands == in_turn(made, len(commands))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"bits": 24}, "data of a native port have 8, 16, 32, 64 or 128 bits here, not 24"),
        ({"words": 0}, "a frame has 1 word or more, not 0"),
        ({"address_bits": 0}, "an address of a native port has 1 bit or more, not 0"),
    ],
)
def test_what_is_no_port_is_refused(sizes, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        LiteDRAMFrameReader(**{"bits": 16, "words": 8, "address_bits": 24} | sizes)
