# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.hdl import Assert, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.interfaces.registers import RegisterFile
from threefold.registers import EVERYWHERE, REGISTERS, Field, Register, RegisterMap
from threefold.sim.verification import Prover

SMALL = RegisterMap(
    [
        Register("ID", 0x00, "ro", "a constant"),
        Register("LEVEL", 0x04, "ro", "fields", (Field("low", 0, 3, ""), Field("high", 8, 2, ""))),
        Register(
            "CONTROL",
            0x08,
            "rw",
            "kept, and a pulse",
            (Field("run", 0, 2, "", init=1), Field("reset", 4, 1, "", pulse=True)),
        ),
        Register("ERRORS", 0x0C, "w1c", "flags", (Field("a", 0, 1, ""), Field("b", 5, 1, ""))),
        Register("PUSH", 0x10, "wo", "strobe"),
        Register("POP", 0x18, "ro", "strobe", takes=True),
    ]
)
CONSTANTS = {"ID": 0x8000_1234}


class Model(wiring.Component):
    """A register file beside registers written by hand, which must agree."""

    FAULTS = (None, "constant", "kept", "pulse", "flag", "strobe", "address")

    def __init__(self, fault=None):
        self._fault = fault
        self._file = RegisterFile(SMALL, CONSTANTS)
        members = self._file.signature.members
        super().__init__({name: members[name] for name in ("port", "level", "errors", "pop")})

    def elaborate(self, platform):
        m = Module()
        m.submodules.file = file = self._file
        connect(m, flipped(self.port), file.port)
        m.d.comb += [
            file.level.eq(self.level),
            file.errors.eq(self.errors),
            file.pop.eq(self.pop),
        ]
        port, fault = self.port, self._fault

        run, flags = Signal(2, init=1), Signal(2)
        reset, expected = Signal(), Signal(32)
        here = [port.address == word for word in range(8)]
        if fault == "address":
            here[3] = port.address[:2] == 3
        if fault != "kept":
            with m.If(port.write & here[2]):
                m.d.sync += run.eq(port.w_data[:2])
        m.d.sync += reset.eq(port.write & here[2] & port.w_data[4 if fault != "pulse" else 0])
        for index, (bit, name) in enumerate(((0, "a"), (5, "b"))):
            cleared = port.write & here[3] & port.w_data[bit]
            kept = flags[index] & ~cleared if fault != "flag" else flags[index]
            m.d.sync += flags[index].eq(kept | self.errors[name])

        words = {
            0: CONSTANTS["ID"] ^ (fault == "constant"),
            1: self.level.low | self.level.high << 8,
            2: run,
            3: flags[0] | flags[1] << 5,
            6: self.pop,
        }
        value = 0
        for word, content in words.items():
            value = Mux(here[word], content, value)
        with m.If(port.read):
            m.d.sync += expected.eq(value)

        popped = port.read & here[6 if fault != "strobe" else 4]
        for claim in (
            port.r_data == expected,
            file.control.run == run,
            file.control.reset == reset,
            file.push_strobe == (port.write & here[4]),
            ~file.push_strobe | (file.push == port.w_data),
            file.pop_strobe == popped,
            file.errors_flags.as_value() == flags,
        ):
            m.d.comb += Assert(claim)
        return m


@pytest.mark.parametrize("fault", Model.FAULTS)
def test_it_equals_registers_written_by_hand(tmp_path, fault):
    prover = Prover(tmp_path)
    if fault is None:
        assert prover.holds(Model(), depth=3)
    else:
        assert prover.violated(Model(fault), cycles=6)


@pytest.mark.parametrize("interface", EVERYWHERE)
def test_a_map_reads_as_its_table(interface):
    registers = REGISTERS.on(interface)
    names = [name for name, each in registers.items() if each.access == "ro"]
    rng = random.Random(0)
    constants = {name: rng.getrandbits(32) for name in names[::2]}
    dut = RegisterFile(registers, constants)
    found = {}

    async def host(ctx):
        for name in names[1::2]:
            ctx.set(Value.cast(getattr(dut, name.lower())), -1)
        for name, register in registers.items():
            ctx.set(dut.port.address, register.word)
            ctx.set(dut.port.read, 1)
            await ctx.tick()
            found[name] = ctx.get(dut.port.r_data)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(host)
    simulator.run()
    for name, register in registers.items():
        everything = sum(field.mask for field in register.fields) or 0xFFFFFFFF
        others = {"rw": register.init, "w1c": 0, "wo": 0}
        assert found[name] == constants.get(name, others.get(register.access, everything))


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"PUSH": 1}, "a constant is of a register that is read only, not 'PUSH'"),
        ({"OTHER": 1}, "a constant is of a register that is read only, not 'OTHER'"),
        ({"ID": 1 << 32}, "ID has 32 bits, which are not 4294967296"),
    ],
)
def test_wrong_constants(constants, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        RegisterFile(SMALL, constants)
