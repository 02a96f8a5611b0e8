import tempfile

import pytest
from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import BuildError
from threefold.hw.verilog import to_rtlil, to_verilog
from threefold.tools.toolchain import run


class Adder(wiring.Component):
    a: In(4)
    o: Out(5)

    def elaborate(self, platform):
        m = Module()
        kept = Signal(4, attrs={"keep": 1})
        m.d.sync += kept.eq(self.a)
        m.d.comb += self.o.eq(kept + 1)
        return m


def test_same_component_same_text():
    assert to_verilog(Adder(), "adder") == to_verilog(Adder(), "adder")


def test_ports_and_attributes():
    text = to_verilog(Adder(), "adder")
    assert text.startswith("module adder(")
    assert "input [3:0] a;" in text
    assert "output [4:0] o;" in text
    assert "(* keep" in text
    for noise in ("src =", "generator", "amaranth", "test_verilog"):
        assert noise not in text


def test_ports_of_choice():
    m = Module()
    a = Signal(3)
    b = Signal(3)
    m.d.comb += b.eq(~a)
    assert "output [2:0] b;" in to_verilog(m, "inverter", ports=[a, b])


def test_failure_names_its_reason_and_no_file_that_is_gone(tmp_path, monkeypatch):
    yosys = tmp_path / "yosys"
    yosys.write_text("#!/bin/sh\necho 'ERROR: Unknown cell.'\nexit 1\n")
    yosys.chmod(0o755)
    monkeypatch.setenv("YOSYS", str(yosys))
    with pytest.raises(BuildError, match=r"^yosys failed: Unknown cell$"):
        to_verilog(Adder(), "adder")


def test_temporary_files_that_cannot_be_written(monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    message = f"cannot write into {tempfile.gettempdir()}: No space left on device; make room there"
    with pytest.raises(BuildError, match=f"^{message}$"):
        to_verilog(Adder(), "adder")


class Operators(wiring.Component):
    """Operators whose operands differ in width and sign, some of them of no bits at all."""

    a: In(3)
    b: In(5)
    c: In(signed(4))
    sums: Out(24)
    logic: Out(15)
    compared: Out(16)

    def elaborate(self, platform):
        m = Module()
        a, b, c, zero = self.a, self.b, self.c, Const(0)
        sums = [(a + b)[:5], b - a, c + a, (c - b)[:3]]
        logic = [a & b, a | b, a ^ b]
        compared = [a < b, a <= b, a > b, a >= b, a == b, a != b, c < a, c >= b, c == a, ~b.any()]
        compared += [a >= zero, a < zero, zero <= a, zero > a, a == zero, c >= zero]
        m.d.comb += [
            self.sums.eq(Cat(sums)),
            self.logic.eq(Cat(logic)),
            self.compared.eq(Cat(compared)),
        ]
        return m


def test_verilog_is_the_same_function(tmp_path):
    (tmp_path / "gold.il").write_text(to_rtlil(Operators(), "gold"))
    (tmp_path / "gate.v").write_text(to_verilog(Operators(), "gate"))
    (tmp_path / "compare.ys").write_text("""\
read_rtlil gold.il
read_verilog gate.v
proc
miter -equiv -make_assert -flatten gold gate miter
sat -verify -prove-asserts -set-def-inputs miter
""")
    run("yosys", ["-q", "compare.ys"], cwd=tmp_path)


def test_linter_has_nothing_to_say(tmp_path):
    (tmp_path / "operators.v").write_text(to_verilog(Operators(), "operators"))
    run("verilator", ["--lint-only", "-Wall", "operators.v"], cwd=tmp_path, calls=("perl",))
