# amaranth: UnusedElaboratable=no

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.serial_registers import SerialRegisters
from threefold.registers import REGISTERS

from .streams import Driver

CONSTANTS = {"ID": 0x54464C44, "DIGEST": 0xFEDCBA98, "WINDOW": 21}


class Host:
    """What reads and writes registers."""

    def __init__(self, ctx, dut):
        self._ctx, self._dut = ctx, dut

    async def read(self, name_or_word):
        """A word, bit by bit, and the cycles since the start, from the same turn."""
        ctx, dut = self._ctx, self._dut
        word = name_or_word if isinstance(name_or_word, int) else REGISTERS[name_or_word].word
        ctx.set(dut.address, word)
        ctx.set(dut.sample, 1)
        while ctx.get(dut.place) != 31:
            await ctx.tick()
        await ctx.tick()
        ctx.set(dut.sample, 0)
        value = cycles = 0
        for place in range(32):
            assert ctx.get(dut.place) == place
            cycles |= ctx.get(dut.cycle) << place
            await ctx.tick()
            value |= ctx.get(dut.bit) << place
        return value, cycles

    async def write(self, name_or_word, value):
        word = name_or_word if isinstance(name_or_word, int) else REGISTERS[name_or_word].word
        await self.pulse(address=word, w_data=value, write=1)

    async def pulse(self, **values):
        for name, value in values.items():
            self._ctx.set(getattr(self._dut, name), value)
        await self._ctx.tick()
        for name, value in values.items():
            self._ctx.set(getattr(self._dut, name), {} if isinstance(value, dict) else 0)


def run(steps, **parameters):
    dut = SerialRegisters(CONSTANTS, **parameters)
    driver = Driver(dut, 0)

    async def process(ctx):
        await steps(ctx, dut, Host(ctx, dut))

    driver.add(process)
    driver.run(20_000)


def test_constants_and_what_is_none():
    async def steps(ctx, dut, host):
        for name, word in CONSTANTS.items():
            assert (await host.read(name))[0] == word
        for word in (0x1E, 0x80 | REGISTERS["ID"].word, REGISTERS["LATENCY"].word, 0xFF):
            assert (await host.read(word))[0] == 0
        beyond = 0x40 | REGISTERS["CONTROL"].word
        await host.write(beyond, 0)
        assert (await host.read("CONTROL"))[0] == 1
        assert (await host.read(beyond))[0] == 0

    run(steps)


def test_cycles_are_those_at_place_0():
    async def steps(ctx, dut, host):
        before, _ = await host.read("CYCLES")
        await ctx.tick().repeat(5 * 32)
        value, cycles = await host.read("CYCLES")
        assert value == cycles == before + 7 * 32
        assert before % 32 == 0

    run(steps)


def test_events_are_counted_once_each():
    async def steps(ctx, dut, host):
        for pause in range(6):
            await host.pulse(overruns=1, images=1)
            await ctx.tick().repeat(31 + pause)
        ctx.set(dut.frames_bad, 1)
        while not ctx.get(dut.counted):
            await ctx.tick()
        await ctx.tick()
        ctx.set(dut.frames_bad, 0)
        assert (await host.read("OVERRUNS"))[0] == 6
        assert (await host.read("IMAGES"))[0] == 6
        assert (await host.read("FRAMES_BAD"))[0] == 1
        await host.write("CONTROL", 0b11)
        assert (await host.read("IMAGES"))[0] == 0
        assert (await host.read("OVERRUNS"))[0] == 6

    run(steps)


def test_fields_are_read_in_one_moment_and_written():
    async def steps(ctx, dut, host):
        assert dut.written_bits == 2
        assert (await host.read("CONTROL"))[0] == 1
        await host.write("CONTROL", 0)
        assert not ctx.get(dut.control.run)
        assert (await host.read("CONTROL"))[0] == 0
        await host.pulse(errors={"frame": 1, "overrun": 1})
        await host.write("ERRORS", 0b01)
        assert (await host.read("ERRORS"))[0] == 0b10
        ctx.set(dut.status, {"busy": 1, "input_ready": 0, "output_valid": 1})
        assert (await host.read("STATUS"))[0] == 0b101

    run(steps)


def test_those_of_loadable_accelerators():
    async def steps(ctx, dut, host):
        assert dut.written_bits == 3
        for pause in range(3):
            await host.pulse(refused=1)
            await ctx.tick().repeat(32 + pause)
        assert (await host.read("REFUSED"))[0] == 3
        assert (await host.read("LOADED"))[0] == 0
        ctx.set(dut.loaded, 0x89ABCDEF)
        assert (await host.read("LOADED"))[0] == 0x89ABCDEF
        await host.write("CONTROL", 0b101)
        assert ctx.get(dut.control.load)
        ctx.set(dut.status, {"loaded": 1})
        assert (await host.read("STATUS"))[0] == 0b1000

    run(steps, loadable=True)


def test_others_have_none_of_them():
    async def steps(ctx, dut, host):
        assert {"loaded", "refused"}.isdisjoint(dut.signature.members)
        await host.write("CONTROL", 0b101)
        assert (await host.read("CONTROL"))[0] == 1
        for name in ("LOADED", "REFUSED"):
            assert (await host.read(name))[0] == 0

    run(steps)


def test_constants_are_of_registers():
    message = r"^a constant is of a register that is read only, not 'CONTROL'$"
    with pytest.raises(PlanError, match=message):
        SerialRegisters({"CONTROL": 1})
