# amaranth: UnusedElaboratable=no

"""LiteDRAM frame reader: addresses, and a streamed accelerator over memories of several times."""

import random
import re

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect, flipped

from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.litedram_frames import LiteDRAMFrameReader, native_read
from threefold.plan import lower
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench

from ...accelerators import random_images
from ...loadable_networks import network
from ...random_feeds import least_room

NETWORK = network(5, depth=3, filters=12)
IMAGES = random_images(np.random.default_rng(1), NETWORK, 3)
EXPECTED = golden.run(NETWORK, IMAGES).reshape(len(IMAGES), -1).tolist()
ADDRESS_BITS = 24
BASE = 0x12_3457
_COMMAND = ("addr", "last", "we")


def plan(bits: int, latency: int):
    # A frame is asked for in the cycle behind that in which it is taken.
    feed = Feed(bits, first=latency + 1).to_dict()
    unit = StreamedUnit(lower(NETWORK), 12, 6, pixels=3, feed=feed).made_loadable()
    return plan_of(NETWORK, (least_room(unit),))


class Top(wiring.Component):
    """An accelerator whose program comes from a native port."""

    def __init__(self, made):
        self.accelerator, program = Accelerator(made), made.streamed.program
        sizes = {"bits": program.word_bits, "address_bits": ADDRESS_BITS}
        self.reader = LiteDRAMFrameReader(words=program.frame_words, **sizes)
        self.count, self.ports = program.frames, self.accelerator.ports
        members = self.accelerator.signature.members
        super().__init__(
            {
                "i": members["i"],
                "o": members["o"],
                "loaded": Out(1),
                "port": Out(native_read(**sizes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator, m.submodules.reader = self.accelerator, self.reader
        connect(m, flipped(self.i), self.accelerator.i)
        connect(m, self.accelerator.o, flipped(self.o))
        connect(m, self.accelerator.frames, self.reader.frames)
        connect(m, self.reader.port, flipped(self.port))
        m.d.comb += [
            self.loaded.eq(self.accelerator.loaded),
            self.reader.enable.eq(1),
            self.reader.base.eq(BASE),
            self.reader.count.eq(self.count),
        ]
        return m


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


def run(made, serve):
    beats = made.ports.output.beats
    dut = Top(made)
    bench = StreamBench(dut, beside=[serve(dut)])
    traffic = bench.run(IMAGES.reshape(-1, len(dut.i.payload)), beats * len(IMAGES))
    values = np.array(traffic.beats).reshape(len(IMAGES), -1).tolist()
    return values, [at - traffic.entered[0] for at in traffic.left[::-beats][::-1]]


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
    values, left = run(made, lambda dut: memory(dut, words, latency, commands=commands))
    assert values == EXPECTED
    assert left == trace(made.netlist.stages, len(IMAGES)).left.tolist()
    assert len(commands) > len(words)
    assert commands == in_turn(made, len(commands))


@pytest.mark.parametrize("bits", [16, 128])
def test_bits_of_a_memory_of_random_times(bits):
    made, commands = plan(bits, 1), []
    words = made.streamed.program.words
    values, _ = run(made, lambda dut: memory(dut, words, 3, seed=1, commands=commands))
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
