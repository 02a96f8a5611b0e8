# amaranth: UnusedElaboratable=no

"""Board of a streamed accelerator: its program over the serial line, into a chip that may fail."""

import dataclasses

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.host.frames import Deframer, Rejected, frame
from threefold.hw.interfaces.link import SerialLink
from threefold.hw.sdram.accelerator import SDRAMAccelerator
from threefold.hw.sdram.feed import feed_at
from threefold.plan import image_of, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.registers import REGISTERS
from threefold.sim import golden
from threefold.sim.sdram import SDRAMChip

from ...accelerators import random_images
from ...loadable_networks import network
from ...nightly import mostly_nightly
from ...random_feeds import least_room
from .chips import SMALL, attached

CLOCK_MHZ, DIVISOR, PATIENCE = 60, 4, 5000  # cycles
SLOW = dataclasses.replace(SMALL, power_up_us=90)  # a burst is there before
NETWORK = network(1)
IMAGES = random_images(np.random.default_rng(0), NETWORK, 6)
OUTPUTS = golden.run(NETWORK, IMAGES).reshape(len(IMAGES), -1)
_IMAGE, _READ, _WRITE, _LOAD, _RESULT, _VALUE = 1, 2, 3, 4, 0x81, 0x82


class Board:
    """A link, its accelerator and its chip, and a host that says one thing after the other."""

    def __init__(self, sdram=SMALL, *, ratio=1):
        feed = feed_at(sdram, CLOCK_MHZ, ratio).to_dict()
        unit = least_room(StreamedUnit(lower(NETWORK), 4, 4, feed=feed).made_loadable())
        plan = plan_of(NETWORK, (unit,))
        self.program = image_of(plan)
        accelerator = SDRAMAccelerator(plan, sdram, clock_mhz=CLOCK_MHZ)
        self.link = SerialLink.at(
            accelerator, clock_mhz=CLOCK_MHZ, baud=CLOCK_MHZ * 1_000_000 // DIVISOR
        )
        self.chip = SDRAMChip(sdram, clock_mhz=ratio * CLOCK_MHZ)
        self._domain = "sync" if ratio == 1 else "memory"
        self._ratio = ratio
        self._told = []

    def run(self, talk):
        simulator = Simulator(self.link)
        simulator.add_clock(1e-6)
        if self._ratio > 1:
            simulator.add_clock(1e-6 / self._ratio, phase=0.5e-6, domain=self._domain)
        simulator.add_process(attached(self.chip, self.link.memory, domain=self._domain))
        simulator.add_testbench(self._receive, background=True)

        async def testbench(ctx):
            self._ctx = ctx
            await talk(self)

        simulator.add_testbench(testbench)
        simulator.run()
        assert self.chip.faults == []

    async def _receive(self, ctx):
        deframer, ticks = Deframer(), aiter(ctx.tick().sample(self.link.tx))
        while True:
            *_, tx = await anext(ticks)
            if tx:
                continue
            byte = 0
            for place in range(9):
                for _ in range(DIVISOR):
                    *_, tx = await anext(ticks)
                byte |= tx << place
            self._told += deframer.feed(bytes([byte & 0xFF]))

    async def say(self, kind, *payloads, seq=7):
        """Send frames, and wait for a few of their bytes."""
        for payload in payloads:
            for byte in frame(bytes([kind]) + seq.to_bytes(2, "little") + bytes(payload)):
                for bit in [0, *(byte >> place & 1 for place in range(8)), 1]:
                    self._ctx.set(self.link.rx, bit)
                    await self._ctx.tick().repeat(DIVISOR)

    async def answer(self):
        """The next frame, None if there is none."""
        for _ in range(PATIENCE // 100):
            if self._told:
                return self._told.pop(0)
            await self._ctx.tick().repeat(100)
        return None

    async def ask(self, kind, name, payload=b""):
        """Value of a register that is read or written, or its fields; what is ahead is dropped."""
        word, told = REGISTERS[name].word, None
        await self.say(kind, [word, *payload])
        while isinstance(told, Rejected | None) or told[:4] != bytes([_VALUE, 7, 0, word]):
            told = await self.answer()
            assert told is not None
        value = int.from_bytes(told[4:], "little")
        return REGISTERS[name].unpack(value) or value

    async def control(self, **fields):
        word = REGISTERS["CONTROL"].pack(**fields)
        await self.ask(_WRITE, "CONTROL", word.to_bytes(4, "little"))

    async def load(self, program):
        await self.control(run=1, reset=1, load=1)
        pieces = [program[at : at + 64] for at in range(0, len(program), 64)]
        await self.say(_LOAD, *([len(piece) - 1, *piece] for piece in pieces))
        await self.control(run=1)

    async def status(self):
        return await self.ask(_READ, "STATUS")

    async def results(self, *numbers):
        for number in numbers:
            await self.say(_IMAGE, IMAGES[number].reshape(-1).tolist(), seq=number)
        return [await self.answer() for _ in numbers]


@pytest.mark.parametrize("ratio", [1, 2])
def test_the_memory_is_told_nothing_before_clocks_are_steady(ratio):
    board, first = Board(ratio=ratio), []
    link, domain = board.link, "sync" if ratio == 1 else "memory"

    async def pins(ctx):
        edge, memory = 0, link.memory
        async for _, _, *levels in ctx.tick(domain).sample(memory.ras, memory.cas, memory.we):
            if any(levels) and not first:
                first.append(edge)
            edge += 1

    async def testbench(ctx):
        ctx.set(link.hold, 1)
        await ctx.tick().repeat(500)
        ctx.set(link.hold, 0)
        await ctx.tick().repeat(2000)

    simulator = Simulator(link)
    simulator.add_clock(1e-6)
    if ratio > 1:
        simulator.add_clock(1e-6 / ratio, phase=0.5e-6, domain=domain)
    simulator.add_process(pins)
    simulator.add_testbench(testbench)
    simulator.run()
    assert 0 <= first[0] - 500 * ratio - SMALL.cycles(ratio * CLOCK_MHZ).power_up < 12


def expected(*numbers):
    outputs = OUTPUTS.astype("<i1" if np.abs(OUTPUTS).max() < 128 else "<i2")
    return [bytes([_RESULT, number, 0]) + outputs[number].tobytes() for number in numbers]


@pytest.mark.parametrize(
    ("sdram", "ratio"), mostly_nightly([(SMALL, 1), (SLOW, 1), (SLOW, 2)], always=[(SLOW, 2)])
)
def test_a_program_over_the_line_and_images(sdram, ratio):
    async def talk(board):
        assert (await board.status())["loaded"] == 0
        await board.load(board.program)
        status = await board.status()
        assert (status["loaded"], status["wrong"]) == (1, 0)
        crc = int.from_bytes(board.program[-4:], "little")
        assert await board.ask(_READ, "LOADED") == crc
        assert await board.results(0, 1, 2) == expected(0, 1, 2)

        await board.say(_IMAGE, IMAGES[3].reshape(-1).tolist(), seq=3)
        await board.control(run=1, reset=1)
        assert await board.results(4) == expected(4)
        assert (await board.status())["loaded"] == 1

        damaged = bytearray(board.program)
        damaged[40] ^= 1
        await board.load(bytes(damaged))
        assert await board.ask(_READ, "REFUSED") == 1
        assert (await board.status())["loaded"] == 0
        await board.load(board.program)
        assert await board.results(5, 0) == expected(5, 0)
        assert await board.ask(_READ, "FRAMES_BAD") == 0

    Board(sdram, ratio=ratio).run(talk)


@pytest.mark.parametrize("ratio", mostly_nightly([1, 2], always=[1]))
def test_what_changes_in_the_chip_is_told_and_never_computed_with(ratio):
    async def talk(board):
        await board.load(board.program)
        assert await board.results(1) == expected(1)
        board.chip.content[0, 0, 50] ^= 1 << 9
        for number in (2, 3, 4):  # the program of the next image or two may be inside
            result = await board.results(number)
            if result != expected(number):
                break
        assert result == [None]
        status = await board.status()
        assert (status["loaded"], status["wrong"]) == (0, 1)

        await board.control(run=1, reset=1)
        assert await board.results(5) == [None]
        assert (await board.status())["wrong"] == 1
        await board.load(board.program)
        assert (await board.status())["wrong"] == 0
        assert await board.results(3, 4) == expected(3, 4)

    Board(ratio=ratio).run(talk)
