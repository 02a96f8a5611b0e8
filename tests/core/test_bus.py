import json
import re
import subprocess

import numpy as np
import pytest

from threefold import Project
from threefold.core import (
    BUSES,
    core_name,
    describe_bus,
    header_comment,
    instance,
    verilog_testbench,
    waivers,
)
from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.cores import CORES
from threefold.hw.interfaces.wishbone_core import WishboneCore
from threefold.hw.verilog import to_verilog
from threefold.network import Codes, Dense, Logits, Network, Tensor
from threefold.plan import Folding, fold
from threefold.registers import REGISTERS
from threefold.registers.identity import identity
from threefold.tools.toolchain import environment, run

from ..hw.interfaces.test_wishbone_core import odd_plan
from ..nightly import mostly_nightly
from ..random_networks import random_convolutional_plan
from .test_fusesoc import FUSESOC
from .test_testbench import PLAN, finished, icarus, simulated, wrong_weight

ODD = odd_plan()
ALL = [(plan, bus) for plan in (PLAN, ODD) for bus in BUSES]
each_core = pytest.mark.parametrize(
    ("plan", "bus"), ALL, ids=[core_name(plan, bus) for plan, bus in ALL]
)
every_bus = pytest.mark.parametrize("bus", BUSES)


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    made = {plan: Project(tmp_path_factory.mktemp("bus"), plan) for plan in (PLAN, ODD)}
    for plan, bus in ALL:
        assert made[plan].generate(bus) == made[plan].products.core_of(bus).rtl
    return made


def test_hardware_is_known_for_every_bus():
    assert set(CORES) == set(BUSES)


@each_core
def test_verilator_warns_of_style_alone(projects, plan, bus):
    core = projects[plan].products.core_of(bus)
    files = [core.waivers.name, core.rtl.name]
    run("verilator", ["--lint-only", "-Wall", *files], cwd=core.folder, calls=("perl",))


@each_core
def test_verilator_finds_no_loop(projects, plan, bus, tmp_path):
    core = projects[plan].products.core_of(bus)
    args = ["--cc", "--Mdir", tmp_path, "-Wno-lint", core.rtl.name]
    run("verilator", list(map(str, args)), cwd=core.folder, calls=("perl",))


@icarus
@each_core
@pytest.mark.parametrize("pauses", [0, 1])
def test_testbench_passes(projects, plan, bus, pauses, tmp_path):
    core = projects[plan].products.core_of(bus)
    code, said = simulate(tmp_path, core, core.rtl.read_text(), f"-P{core.name}_tb.PAUSES={pauses}")
    assert re.fullmatch(r"PASS: 4 images, \d+ \w+ as expected, \d+ cycles\n", said)
    assert code == 0


def simulate(folder, core, verilog, *options):
    bench = core.testbench.read_text()
    return simulated(folder, verilog, bench, *options)


@icarus
@every_bus
@pytest.mark.parametrize("seed", mostly_nightly(range(20), always=(0, 1)))
def test_random_cores_pass(seed, bus, tmp_path):
    plan = random_convolutional_plan(np.random.default_rng(seed))
    name = core_name(plan, bus)
    verilog = to_verilog(CORES[bus](Accelerator(plan), identity(plan)), name)
    bench = verilog_testbench(plan, bus=bus)
    (tmp_path / f"{name}.v").write_text(verilog)
    (tmp_path / f"{name}.vlt").write_text(waivers(plan, bus))
    (tmp_path / "bench.v").write_text(bench)
    lint = ["--lint-only", "-Wall", f"{name}.vlt", f"{name}.v"]
    run("verilator", lint, cwd=tmp_path, calls=("perl",))
    run("iverilog", ["-g2005", "-o", "bench", f"{name}.v", "bench.v"], cwd=tmp_path)
    code, said = finished(["vvp", "-n", "bench"], tmp_path)
    assert code == 0, said
    assert "PASS: " in said


@icarus
def test_images_that_take_the_bus_longer_than_the_core(tmp_path):
    ops = [("fc1", Dense(np.ones((1, 1000), int))), ("logits", Logits(np.zeros(1, int)))]
    network = Network.chain("wide", Tensor((1, 1, 1000), Codes.unsigned(1)), ops)
    plan = fold(network, {"fc1": Folding(1, 1000)})
    core = WishboneCore(Accelerator(plan), identity(plan))
    bench = verilog_testbench(plan, bus="wishbone")
    code, said = simulated(tmp_path, to_verilog(core, "wide_wishbone"), bench)
    assert said.startswith("PASS: 4 images, 4 elements")
    assert code == 0


def wrong_in_core(verilog):
    return wrong_weight(re.sub(r"sample_\w+\.core\.accelerator\.", "sample.", verilog))


@icarus
@every_bus
def test_broken_core_fails(projects, bus, tmp_path):
    core = projects[PLAN].products.core_of(bus)
    verilog = core.rtl.read_text()
    broken = wrong_in_core(verilog)
    assert broken != verilog
    code, said = simulate(tmp_path, core, broken)
    assert re.search(r"^FAIL: ", said, re.M)
    assert code == 1


@icarus
@every_bus
def test_other_identity_fails(projects, bus, tmp_path):
    core = projects[PLAN].products.core_of(bus)
    bench = core.testbench.read_text()
    other = bench.replace("54464c44", "54464c45")
    assert other != bench
    code, said = simulated(tmp_path, core.rtl.read_text(), other)
    assert re.search(r"^FAIL: ", said, re.M)
    assert code == 1


@icarus
@every_bus
def test_a_core_that_never_answers_fails(projects, bus, tmp_path):
    core = projects[PLAN].products.core_of(bus)
    port = {"axi": "m_axis_tvalid", "wishbone": "wb_ack"}[bus]
    verilog = core.rtl.read_text()
    broken = re.sub(rf"^(  assign {port} = ).*;$", r"\g<1>1'h0;", verilog, flags=re.M)
    if broken == verilog:
        broken = always_zero(verilog, port)
    code, said = simulate(tmp_path, core, broken)
    assert re.search(r"^FAIL: 0 of 20 ", said, re.M)
    assert code == 1


def always_zero(verilog, port):
    cut = re.sub(rf"\({port}\)", "()", verilog)
    return cut.replace(f"wire {port};", f"wire {port}; assign {port} = 0;", 1)


@pytest.mark.nightly
@every_bus
def test_in_verilator(projects, bus, tmp_path):
    core = projects[PLAN].products.core_of(bus)
    args = ["--binary", "-CFLAGS", "-std=c++20", "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"]
    args += ["--Mdir", str(tmp_path), "--top", f"{core.name}_tb"]
    args += [core.rtl.name, core.testbench.name]
    run("verilator", args, cwd=core.folder, calls=("perl", "g++", "make"))
    done = subprocess.run([tmp_path / f"V{core.name}_tb"], capture_output=True, text=True)
    assert "PASS: 4 images" in done.stdout


@each_core
def test_instance_fits_the_module(projects, plan, bus, tmp_path):
    text = instance(plan, bus)
    rtl = projects[plan].products.core_of(bus).rtl
    system = f"module system (input clk, input rst);\n{text}endmodule\n"
    (tmp_path / "system.v").write_text(rtl.read_text() + system)
    args = ["--lint-only", "-Wno-lint", "-Wwarn-WIDTH", "-Wwarn-PINMISSING", "--top", "system"]
    run("verilator", [*args, "system.v"], cwd=tmp_path, calls=("perl",))
    ports = re.search(rf"^module {core_name(plan, bus)}\(([^;]*)\);", rtl.read_text(), re.M)[1]
    assert set(re.findall(r"\.(\w+)\(", text)) == set(re.findall(r"\w+", ports))


@each_core
def test_comment_says_what_the_description_says(plan, bus):
    core, text = describe_bus(plan, bus), header_comment(plan, bus)
    lines = text.strip().splitlines()
    assert all(line.startswith("//") and line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 100
    for name, offset in core["registers"].items():
        assert f"//   0x{offset:02x}  {name}" in lines
    for stream in (core["input"], core["output"]):
        assert f"of {stream['lane_width']} bits, of which {stream['bits']} are used" in text
        names = [
            stream[key]
            for key in ("valid", "ready", "last", "payload", "register")
            if key in stream
        ]
        assert all(name in text for name in names)


def test_description_of_streams():
    core = describe_bus(PLAN, "axi")
    assert core["input"]["width"] == 32
    assert core["input"]["lane_width"] == core["output"]["lane_width"] == 8
    assert core["input"]["payload"] == "s_axis_tdata"
    assert core["output"]["last"] == "m_axis_tlast"
    assert describe_bus(ODD, "axi")["input"]["width"] == 48


def test_description_of_words():
    core = describe_bus(ODD, "wishbone")
    assert core["input"]["elements_per_word"] == 2
    assert core["output"]["register"] == "DATA_OUT"
    assert "payload" not in core["input"]


@every_bus
def test_data_files(projects, bus):
    core = projects[PLAN].products.core_of(bus)
    assert json.loads(core.ports.read_text()) == describe_bus(PLAN, bus)
    registers = json.loads(core.csr.read_text())["csr_registers"]
    assert registers[f"sample_{bus}_control"]["addr"] == REGISTERS["CONTROL"].offset


def test_a_clock_that_is_known(tmp_path):
    project = Project(tmp_path, PLAN)
    project.generate("axi", clock_mhz=62.5)
    core = project.products.core_of("axi")
    assert json.loads(core.csr.read_text())["constants"]["sample_axi_clock"] == 62_500_000
    assert re.search(r"'h0*3b9aca0\b", core.rtl.read_text())


def test_no_such_bus():
    with pytest.raises(PlanError, match=r"^buses are axi and wishbone, not 'pci'$"):
        Project("nowhere", PLAN).generate("pci")


@icarus
@pytest.mark.skipif(not FUSESOC.exists(), reason="FuseSoC is not installed")
@pytest.mark.parametrize("bus", mostly_nightly(BUSES, always=["wishbone"]))
def test_fusesoc(projects, bus):
    folder = projects[PLAN].folder
    for target, said in (("sim", "PASS: 4 images"), ("lint", "")):
        command = [FUSESOC, "--cores-root", folder.name, "run", "--target", target, f"sample_{bus}"]
        done = subprocess.run(
            command,
            cwd=folder.parent,
            env=environment("verilator", "perl", "make"),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
