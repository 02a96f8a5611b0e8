# amaranth: UnusedElaboratable=no

import dataclasses
import fcntl
import functools
import json
import os
import re
from itertools import groupby

import pytest
from amaranth.hdl import ClockSignal, Const, Instance, Module, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.boards import get
from threefold.errors import BuildError, PlanError, ToolError
from threefold.lock import LOCK
from threefold.tools import build
from threefold.tools.build import build_bitstream, check_build

from ..accelerators import ports_of
from .difference import Difference


def with_device(board, **changes):
    """The board with a device that holds other amounts."""
    return dataclasses.replace(board, device=dataclasses.replace(board.device, **changes))


STEPS = ["synthesise", "place and route", "pack", "done"]
SPRAM = {"icebreaker": {"used": 0, "available": 4}}


def available(path):
    """LUTs, block RAMs and large RAMs as nextpnr counts them."""
    cells = json.loads(path.read_text())["utilization"]
    kinds = (
        {"ICESTORM_LC", "TRELLIS_COMB", "LUT4", "OXIDE_COMB", "CPE_LT"},
        {"ICESTORM_RAM", "DP16KD", "BSRAM", "OXIDE_EBR", "RAM_HALF"},
        {"ICESTORM_SPRAM"},
    )
    counts = [[cells[name]["available"] for name in sorted(kind & cells.keys())] for kind in kinds]
    return [count for count in counts if count]


@pytest.fixture(scope="module")
def build_for(tmp_path_factory):
    """Builds the difference for a board, once: the result, its folder and the steps it told."""

    @functools.cache
    def build_for(name):
        folder, steps = tmp_path_factory.mktemp(name), []
        result = build_bitstream(
            Difference(),
            get(name),
            folder,
            name="tiny",
            progress=lambda *step: steps.append(step),
        )
        return result, folder, steps

    return build_for


@pytest.mark.parametrize(
    ("name", "clock_mhz", "suffix", "start"),
    [
        ("icebreaker", 30, ".bin", bytes.fromhex("ff0000ff7eaa997e")),
        ("ulx3s_12f", 75, ".bit", b"\xff\x00"),
        pytest.param("ulx3s_85f", 75, ".bit", b"\xff\x00", marks=pytest.mark.nightly),
        pytest.param("tang_nano_9k", 54, ".fs", b"1111", marks=pytest.mark.nightly),
        pytest.param("lifcl_40_evn", 12, ".bit", b"LSCC", marks=pytest.mark.nightly),
        pytest.param("gatemate_evb", 25, ".bit", b"\xd9\x01", marks=pytest.mark.nightly),
    ],
)
def test_bitstream(build_for, name, clock_mhz, suffix, start):
    board = get(name)
    device = board.device
    result, folder, steps = build_for(name)
    assert result.bitstream == folder / "gateware" / f"tiny{suffix}"
    assert result.bitstream.read_bytes().startswith(start)
    assert result.clock_mhz == clock_mhz <= result.fmax_mhz
    assert result.utilization["bram"] == {"used": 1, "available": device.bram}
    assert result.utilization["dsp"] == {"used": 0, "available": device.dsp}
    assert 300 < result.utilization["lut"]["used"] < 2400
    assert 300 < result.utilization["ff"]["used"] < 600
    assert result.utilization.get("spram") == SPRAM.get(name)
    for kind in ("lut", "bram"):
        placed = sum(entry.get(kind, 0) for entry in result.cells)
        assert placed == result.utilization[kind]["used"]
    around = {"link.receiver", "link.fifos", "link.framer", "clock"}
    assert around <= {entry["path"] for entry in result.cells}
    slowest = result.critical_path["logic_ns"] + result.critical_path["routing_ns"]
    assert slowest == pytest.approx(1000 / result.fmax_mhz, rel=1e-3)
    assert [step for step, _ in groupby(steps, lambda step: step[0])] == STEPS
    assert len(steps) > 3 * len(STEPS)
    assert [done for _, done in steps] == sorted(done for _, done in steps)
    assert sorted(result.tools) == sorted(result.seconds)
    left = {path.name for path in (folder / "gateware").iterdir()}
    assert {"tiny.il", "tiny.report.json", "tiny.stat.json", "yosys.log"} <= left
    assert not [file for file in left if file.startswith(".") or "placed" in file]
    assert available(folder / "gateware" / "tiny.report.json") == [
        [number] for number in (device.lut, device.bram, device.spram) if number
    ]


def test_same_input_same_bitstream(build_for, tmp_path):
    first, *_ = build_for("icebreaker")
    second = build_bitstream(Difference(), get("icebreaker"), tmp_path, name="tiny")
    assert first.digest == second.digest
    assert first.bitstream.read_bytes() == second.bitstream.read_bytes()


REAL = build.run


@pytest.fixture(scope="module")
def yosys():
    """Tools of which Yosys makes of the same sources what it has made before."""

    def contents(folder):
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    known = {}

    def run(tool, args, *, cwd, log, follow=None):
        if tool.name != "yosys":
            return REAL(tool, args, cwd=cwd, log=log, follow=follow)
        sources = (*args, *((cwd / name).read_bytes() for name in ("top.ys", "top.il")))
        if sources not in known:
            seconds = REAL(tool, args, cwd=cwd, log=log)
            known[sources] = seconds, contents(cwd), log.read_bytes()
        seconds, made, said = known[sources]
        for name, content in made.items():
            (cwd / name).write_bytes(content)
        log.write_bytes(said)
        for line in said.decode().splitlines():
            follow(line)
        return seconds

    return run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"lut": 50},
            r"^needs [3-9]\d\d of 50 LUTs on icebreaker; choose a longer --interval, smaller "
            r"PE/SIMD or a bigger board$",
        ),
        (
            {"bram": 0},
            r"^needs 1 of 0 block RAMs on icebreaker; choose a longer --interval, smaller PE/SIMD "
            r"or a bigger board$",
        ),
    ],
)
def test_too_big(tmp_path, monkeypatch, yosys, change, message):
    monkeypatch.setattr(build, "run", yosys)
    gateware = tmp_path / "gateware"
    gateware.mkdir()
    (gateware / ".build-killed").mkdir()
    (gateware / "top.bin").write_bytes(b"of an earlier build")
    smaller = with_device(get("icebreaker"), **change)
    with pytest.raises(BuildError, match=message):
        build_bitstream(Difference(), smaller, tmp_path)
    assert [path.name for path in gateware.iterdir()] == ["yosys.log"]


def test_too_fast(tmp_path):
    message = r"^reaches \d+\.\d of 192\.0 MHz on icebreaker; lower the clock or try another seed$"
    with pytest.raises(BuildError, match=message):
        build_bitstream(Difference(), get("icebreaker"), tmp_path, clock_mhz=192)
    left = {path.name for path in (tmp_path / "gateware").iterdir()}
    assert left == {"yosys.log", "nextpnr-ice40.log"}


@pytest.fixture
def nextpnr(monkeypatch, yosys):
    """A nextpnr that reaches frequencies by seed, and an icepack, both of which take no time."""
    asked = []

    def install(reached):
        def run(tool, args, *, cwd, log, follow=None):
            if tool.name == "yosys":
                return yosys(tool, args, cwd=cwd, log=log, follow=follow)
            log.write_text(" ".join(args))
            if tool.name == "nextpnr-ice40":
                seed = int(args[args.index("--seed") + 1])
                asked.append(seed)
                cells = {name: {"used": seed} for name in ("LC", "RAM", "DSP", "SPRAM")}
                content = {
                    "fmax": {"clk": {"achieved": reached[seed]}},
                    "utilization": {f"ICESTORM_{name}": used for name, used in cells.items()},
                    "critical_paths": [],
                }
                (cwd / "top.report.json").write_text(json.dumps(content))
                cell = {"type": "ICESTORM_LC", "attributes": {}, "connections": {}}
                cells = {f"seed{seed}.count_SB_LUT4_O_LC": cell}
                placed = {"modules": {"top": {"cells": cells, "netnames": {}}}}
                (cwd / "top.placed.json").write_text(json.dumps(placed))
                (cwd / "top.asc").write_text(f"of seed {seed}")
            else:
                (cwd / "top.bin").write_bytes((cwd / "top.asc").read_bytes())
            return 1.0

        monkeypatch.setattr(build, "run", run)
        return asked

    return install


def test_the_first_seed_that_holds_the_clock(tmp_path, nextpnr):
    asked = nextpnr({3: 20.0, 4: 31.0, 5: 40.0})
    steps = []
    result = build_bitstream(
        Difference(),
        get("icebreaker"),
        tmp_path / "many",
        seed=3,
        seeds=3,
        progress=lambda *step: steps.append(step),
    )
    assert asked == [3, 4]
    assert (result.seed, result.fmax_mhz, result.fmax_by_seed) == (4, 31.0, {3: 20.0, 4: 31.0})
    assert result.bitstream.read_text() == "of seed 4"
    assert result.seconds["nextpnr-ice40"] == 2.0
    assert {"place and route 1/3", "place and route 2/3"} < {step for step, _ in steps}
    assert [done for _, done in steps] == sorted(done for _, done in steps)
    alone = build_bitstream(Difference(), get("icebreaker"), tmp_path / "one", seed=4)
    assert alone.digest == result.digest
    for file in ("build_top.sh", "build_top.bat", "build_top.json"):
        text = (tmp_path / "many" / "gateware" / file).read_text()
        assert text == (tmp_path / "one" / "gateware" / file).read_text()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("ERROR: Unable to find legal placement for all", "place"),
        (
            "Info: Routing 4000 arcs.\n"
            "Info:       4000 |      940        3059 |  240   760 |      3100|   1.13     5.26|",
            "route",
        ),
    ],
)
def test_too_full(tmp_path, monkeypatch, yosys, said, what):
    def run(tool, args, *, cwd, log, follow=None):
        if tool.name == "yosys":
            return yosys(tool, args, cwd=cwd, log=log, follow=follow)
        log.write_text(f"Info: \t ICESTORM_LC: 4726/ 5280 89%\n{said}\n")
        for line in said.splitlines():
            follow(line)
        raise BuildError("nextpnr-ice40 failed")

    monkeypatch.setattr(build, "run", run)
    log = tmp_path / "gateware" / "nextpnr-ice40.log"
    message = (
        f"nextpnr finds no {what} for all of 4,726 logic cells among 5,280 on icebreaker; "
        f"plan with a longer --interval or smaller PE/SIMD; see {log}"
    )
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        build_bitstream(Difference(), get("icebreaker"), tmp_path)
    assert {path.name for path in log.parent.iterdir()} == {"yosys.log", log.name}


def test_the_best_seed_of_those_that_do_not_hold_the_clock(tmp_path, nextpnr):
    asked = nextpnr({1: 20.0, 2: 29.0, 3: 25.0})
    message = "reaches 29.0 of 30.0 MHz on icebreaker with seed 2, the best of 3; "
    message += "lower the clock or try more seeds"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        build_bitstream(Difference(), get("icebreaker"), tmp_path, seeds=3)
    assert asked == [1, 2, 3]
    log = tmp_path / "gateware" / "nextpnr-ice40.log"
    assert "--seed 2 " in log.read_text()
    assert {path.name for path in log.parent.iterdir()} == {"yosys.log", log.name}

    result = build_bitstream(
        Difference(),
        get("icebreaker"),
        tmp_path,
        seeds=3,
        timing_allow_fail=True,
        nextpnr_options="--placer static",
    )
    assert "--seed 2 --timing-allow-fail --placer static" in log.read_text()
    assert (result.seed, result.fmax_mhz, result.clock_mhz) == (2, 29.0, 30)
    assert result.bitstream.read_text() == "of seed 2"
    assert result.utilization["lut"]["used"] == 2
    assert [entry["path"] for entry in result.cells] == ["seed2"]
    assert result.utilization["spram"] == {"used": 2, "available": 4}
    for path in (log, log.parent / "build_top.sh"):
        assert "--seed 2 " in path.read_text()


def test_no_seed_at_all(tmp_path):
    with pytest.raises(PlanError, match=r"^at least 1 seed must be tried, not 0$"):
        build_bitstream(Difference(), get("icebreaker"), tmp_path, seeds=0)
    assert not (tmp_path / "gateware").exists()


class Kept(wiring.Component):
    """The codes that came last, from a single-port RAM."""

    i: In(stream.Signature(data.ArrayLayout(unsigned(8), 2)))
    o: Out(stream.Signature(data.ArrayLayout(unsigned(8), 2)))

    ports = ports_of(input=(2, 8), output=(2, 8))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.i.ready.eq(self.o.ready), self.o.valid.eq(self.i.valid)]
        m.submodules.ram = Instance(
            "SB_SPRAM256KA",
            i_ADDRESS=Const(0, 14),
            i_DATAIN=self.i.payload.as_value(),
            i_MASKWREN=Const(15, 4),
            i_WREN=self.i.valid,
            i_CHIPSELECT=Const(1),
            i_CLOCK=ClockSignal(),
            i_STANDBY=Const(0),
            i_SLEEP=Const(0),
            i_POWEROFF=Const(1),
            o_DATAOUT=self.o.payload.as_value(),
        )
        return m


def test_single_port_ram(tmp_path, monkeypatch, yosys):
    monkeypatch.setattr(build, "run", yosys)
    board = get("icebreaker")
    result = build_bitstream(Kept(), board, tmp_path, synth_options="-spram")
    assert result.utilization["spram"] == {"used": 1, "available": 4}
    assert result.utilization["bram"] == {"used": 1, "available": 30}
    assert "synth_ice40 -spram " in (tmp_path / "gateware" / "top.ys").read_text()
    message = "needs 1 of 0 single-port RAMs on icebreaker; "
    message += "choose a longer --interval, smaller PE/SIMD or a bigger board"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        build_bitstream(Kept(), with_device(board, spram=0), tmp_path)


def test_missing_tool(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTPNR_ICE40", "/nowhere")
    message = r"^NEXTPNR_ICE40 names '/nowhere', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        build_bitstream(Difference(), get("icebreaker"), tmp_path)
    assert not (tmp_path / "gateware").exists()


def test_two_builds_in_one_folder(tmp_path):
    gateware = tmp_path / "gateware"
    gateware.mkdir()
    (gateware / "top.bin").write_bytes(b"of an earlier build")
    message = (
        f"{gateware} is in use by another threefold (process {os.getppid()}); "
        "wait for it or choose another folder with -o"
    )
    with (gateware / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        print(os.getppid(), file=file, flush=True)
        with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
            build_bitstream(Difference(), get("icebreaker"), tmp_path)
    assert {path.name for path in gateware.iterdir()} == {LOCK, "top.bin"}


def test_name_that_is_none(tmp_path):
    message = r"^a design cannot be called 'my net'; use letters, digits and underscores$"
    with pytest.raises(BuildError, match=message):
        build_bitstream(Difference(), get("icebreaker"), tmp_path, name="my net")


@pytest.mark.parametrize("bits", [None, 1, 8])
def test_builds_that_can_begin(bits):
    ports = bits and ports_of(input=(1, bits), output=(1, 4))
    check_build(get("icebreaker"), None, ports, interval=1e12)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"ports": ports_of(input=(1, 9), output=(1, 4))},
            r"^the serial line of a board carries input codes of at most 8 bits, not 9; "
            r"train with a narrower input or build with --rtl-only$",
        ),
        (
            {"clock_mhz": 24, "baud": 5_300_000},
            r"^a clock of 24 MHz cannot make 5300000 baud; choose fewer baud$",
        ),
        (
            {"clock_mhz": 1000},
            r"^the PLL of iCE40 cannot make 1000 MHz from 12 MHz; choose 16.125 to 270 MHz$",
        ),
        (
            {"nextpnr_options": "--placer 'static"},
            r"^options of nextpnr have a quotation that does not end: --placer 'static$",
        ),
    ],
)
def test_builds_that_cannot_begin(parameters, message):
    with pytest.raises(PlanError, match=message):
        check_build(get("icebreaker"), **{"clock_mhz": None} | parameters)
