"""What is around the Verilog of a loadable accelerator: its program image enters before images."""

import json
import re

import pytest

from threefold.core import core_name, describe, describe_bus, verilog_testbench
from threefold.core.texts import csr_json, header_comment, instance
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.cores import CORES
from threefold.hw.verilog import to_verilog
from threefold.plan import image_of
from threefold.registers import REGISTERS
from threefold.registers.identity import identity
from threefold.tools.toolchain import run

from ..loadable_networks import loadable_plan, network
from .test_testbench import finished, icarus

NETWORK = network(1)
PLAN = loadable_plan(NETWORK)
BUSES = [None, "axi", "wishbone"]


def verilog(bus):
    if bus is None:
        return to_verilog(Accelerator(PLAN), core_name(PLAN))
    return to_verilog(CORES[bus](Accelerator(PLAN), identity(PLAN)), core_name(PLAN, bus))


def simulated(folder, text, bench):
    (folder / "core.v").write_text(text)
    (folder / "bench.v").write_text(bench)
    args = ["-g2005", "-Wall", "-o", "bench", "core.v", "bench.v"]
    run("iverilog", args, cwd=folder, log=folder / "log")
    assert (folder / "log").read_text() == ""
    return finished(["vvp", "-n", "bench"], folder)


@icarus
@pytest.mark.parametrize("bus", BUSES)
def test_the_testbench_loads_and_passes(bus, tmp_path):
    text, bench = verilog(bus), verilog_testbench(PLAN, bus=bus)
    code, said = simulated(tmp_path, text, bench)
    assert (code, said[:16]) == (0, "PASS: 4 images, ")
    place = len(image_of(PLAN)) - 30
    byte = image_of(PLAN)[place] ^ 1
    wrong = re.sub(rf"(contents\[{place}\] = 8'h)\w\w", rf"\g<1>{byte:02x}", bench)
    assert wrong != bench
    code, said = simulated(tmp_path, text, wrong)
    assert (code, said.splitlines()[-1][:5]) == (1, "FAIL:")


def test_it_is_described():
    assert describe(PLAN)["load"] == {
        "valid": "load__valid",
        "ready": "load__ready",
        "payload": "load__payload",
        "width": 8,
        "loaded": "loaded",
        "refused": "refused",
    }
    text = verilog(None)
    for name in ("load__valid", "load__ready", "load__payload", "loaded", "refused"):
        assert re.search(rf"^module .*\b{name}\b", text, re.M)
        assert f"  .{name}(net1_{name})" in instance(PLAN)
    assert "// Program image: load__valid, load__ready, load__payload[7:0]\n" in header_comment(
        PLAN
    )


@pytest.mark.parametrize("bus", ["axi", "wishbone"])
def test_registers_of_it(bus):
    core = describe_bus(PLAN, bus)
    assert core["load"] == {"register": "LOAD"}
    assert set(core["registers"]) == set(REGISTERS.on(bus, loadable=True))
    csr = json.loads(csr_json(PLAN, bus))
    assert f"net1_{bus}_load" in csr["csr_registers"]
    assert "// Program image: register LOAD\n" in header_comment(PLAN, bus)
    assert "load__valid" not in instance(PLAN, bus)


def test_others_have_none_of_it():
    from .test_testbench import PLAN as OTHER

    for bus in BUSES:
        core = describe_bus(OTHER, bus) if bus else describe(OTHER)
        assert "load" not in core
        text = verilog_testbench(OTHER, bus=bus) + instance(OTHER, bus)
        text += header_comment(OTHER, bus)
        assert not re.search(r"\bload|program", text, re.IGNORECASE)
