import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from threefold import Project
from threefold.registers import REGISTERS
from threefold.tools.toolchain import run

from ..core.test_testbench import PLAN

SCRIPT = Path(__file__).parents[2] / "examples" / "litex_core.py"
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("litex") is None, reason="LiteX is not installed: pip install litex"
)


def generate(folder, ports):
    command = [sys.executable, SCRIPT, ports, "-o", "litex"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_system_with_an_accelerator(tmp_path):
    core = Project(tmp_path / "out", PLAN)
    core.generate("wishbone")
    files = core.products.core_of("wishbone")
    done = generate(tmp_path, files.ports)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("litex/gateware is there\n")

    sources = f"litex/gateware/platform.v {files.rtl.relative_to(tmp_path)}"
    script = f"read_verilog {sources}; hierarchy -check -top platform"
    run("yosys", ["-q", "-p", script], cwd=tmp_path)
    constants = json.loads((tmp_path / "litex" / "csr.json").read_text())["constants"]
    for name, register in REGISTERS.on("wishbone").items():
        assert constants[f"accelerator_{name.lower()}_addr"] == 0x3000_0000 + register.offset


def test_a_core_with_another_bus(tmp_path):
    core = Project(tmp_path / "out", PLAN)
    core.generate("axi")
    ports = core.products.core_of("axi").ports
    done = generate(tmp_path, ports)
    assert done.stderr.endswith(f"{ports} is of no core with Wishbone; build with --bus wishbone\n")
    assert done.returncode == 1
