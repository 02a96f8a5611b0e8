import tempfile

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import BuildError
from threefold.hw.verilog import to_verilog


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
