import subprocess
import sys
from pathlib import Path

import pytest

from threefold import Project
from threefold.tools.toolchain import environment

from .test_testbench import PLAN, icarus, wrong_weight

FUSESOC = Path(sys.executable).with_name("fusesoc")
pytestmark = pytest.mark.skipif(not FUSESOC.exists(), reason="FuseSoC is not installed")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("core") / "out", PLAN)
    project.generate()
    return project


def fusesoc(project, target, *tools):
    command = [FUSESOC, "--cores-root", "out", "run", "--target", target, "sample"]
    return subprocess.run(
        command, cwd=project.folder.parent, env=environment(*tools), capture_output=True, text=True
    )


@icarus
def test_simulation(project):
    assert "PASS: 4 images" in fusesoc(project, "sim").stdout
    verilog = project.products.rtl.read_text()
    project.products.rtl.write_text(wrong_weight(verilog))
    failed = fusesoc(project, "sim")
    project.products.rtl.write_text(verilog)
    assert "FAIL: " in failed.stdout
    assert failed.returncode


def test_lint(project):
    done = fusesoc(project, "lint", "verilator", "perl", "make")
    assert done.returncode == 0, done.stderr
    project.products.waivers.unlink()
    assert fusesoc(project, "lint", "verilator", "perl", "make").returncode
    project.generate()


def test_sources(project):
    command = [FUSESOC, "--cores-root", "out", "core-info", "sample"]
    done = subprocess.run(command, cwd=project.folder.parent, capture_output=True, text=True)
    assert "threefold:accelerators:sample:" in done.stdout
