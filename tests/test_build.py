# amaranth: UnusedElaboratable=no

import dataclasses

import pytest
from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from threefold.boards import get

from threefold.build import build_bitstream, check_build
from threefold.errors import BuildError, PlanError, ToolError


class Difference(wiring.Component):
    """Of each pair of codes the difference."""

    i: In(stream.Signature(data.ArrayLayout(unsigned(4), 2)))
    o: Out(stream.Signature(data.ArrayLayout(signed(5), 1)))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.i.ready.eq(self.o.ready),
            self.o.valid.eq(self.i.valid),
            self.o.payload[0].eq(self.i.payload[0] - self.i.payload[1]),
        ]
        return m


@pytest.mark.parametrize(
    ("name", "clock_mhz", "suffix", "start"),
    [
        ("icebreaker", 30, ".bin", bytes.fromhex("ff0000ff7eaa997e")),
        ("ulx3s_85f", 75, ".bit", b"\xff\x00"),
    ],
)
def test_bitstream(tmp_path, name, clock_mhz, suffix, start):
    steps = []
    board = get(name)
    result = build_bitstream(
        Difference(), board, tmp_path, name="tiny", progress=lambda *step: steps.append(step)
    )
    assert result.bitstream == tmp_path / "gateware" / f"tiny{suffix}"
    assert result.bitstream.read_bytes().startswith(start)
    assert result.clock_mhz == clock_mhz <= result.fmax_mhz
    assert result.utilization["bram"] == {"used": 1, "available": board.bram}
    assert result.utilization["dsp"] == {"used": 0, "available": board.dsp}
    assert 100 < result.utilization["lut"]["used"] < 400
    assert 100 < result.utilization["ff"]["used"] < 300
    assert [step for step, _ in steps] == ["synthesise", "place and route", "pack", "done"]
    assert [done for _, done in steps] == sorted(done for _, done in steps)
    assert sorted(result.tools) == sorted(result.seconds)
    left = {path.name for path in (tmp_path / "gateware").iterdir()}
    assert {"tiny.il", "tiny.report.json", "tiny.stat.json", "yosys.log"} <= left
    assert not [file for file in left if file.startswith(".")]


def test_same_input_same_bitstream(tmp_path):
    first, second = (
        build_bitstream(Difference(), get("icebreaker"), tmp_path / folder) for folder in "ab"
    )
    assert first.digest == second.digest
    assert first.bitstream.read_bytes() == second.bitstream.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"lut": 50},
            r"^needs [12]\d\d of 50 LUTs on icebreaker; choose smaller PE/SIMD or a bigger board$",
        ),
        (
            {"bram": 0},
            r"^needs 1 of 0 block RAMs on icebreaker; choose smaller PE/SIMD or a bigger board$",
        ),
    ],
)
def test_too_big(tmp_path, change, message):
    gateware = tmp_path / "gateware"
    gateware.mkdir()
    (gateware / ".build-killed").mkdir()
    (gateware / "top.bin").write_bytes(b"of an earlier build")
    with pytest.raises(BuildError, match=message):
        build_bitstream(Difference(), dataclasses.replace(get("icebreaker"), **change), tmp_path)
    assert [path.name for path in gateware.iterdir()] == ["yosys.log"]


def test_too_fast(tmp_path):
    message = r"^reaches \d+\.\d of 192\.0 MHz on icebreaker; lower the clock or try another seed$"
    with pytest.raises(BuildError, match=message):
        build_bitstream(Difference(), get("icebreaker"), tmp_path, clock_mhz=192)
    left = {path.name for path in (tmp_path / "gateware").iterdir()}
    assert left == {"yosys.log", "nextpnr-ice40.log"}


def test_missing_tool(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTPNR_ICE40", "/nowhere")
    message = r"^NEXTPNR_ICE40 names '/nowhere', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        build_bitstream(Difference(), get("icebreaker"), tmp_path)
    assert not (tmp_path / "gateware").exists()


def test_name_that_is_none(tmp_path):
    message = r"^a design cannot be called 'my net'; use letters, digits and underscores$"
    with pytest.raises(BuildError, match=message):
        build_bitstream(Difference(), get("icebreaker"), tmp_path, name="my net")


@pytest.mark.parametrize("bits", [None, 1, 8])
def test_builds_that_can_begin(bits):
    check_build(get("icebreaker"), None, bits)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"input_bits": 9},
            r"^the serial line of a board carries input codes of at most 8 bits, not 9; "
            r"train with a narrower input or build with --rtl-only$",
        ),
        (
            {"clock_mhz": 24, "baud": 5_300_000},
            r"^a clock of 24 MHz cannot make 5300000 baud; choose fewer baud$",
        ),
        (
            {"clock_mhz": 1000},
            r"^an iCE40 PLL cannot make 1000 MHz from 12 MHz; choose 16.125 to 270 MHz$",
        ),
    ],
)
def test_builds_that_cannot_begin(parameters, message):
    with pytest.raises(PlanError, match=message):
        check_build(get("icebreaker"), **{"clock_mhz": None} | parameters)
