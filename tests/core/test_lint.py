import re
import shutil

import numpy as np
import pytest

from threefold.core.waivers import waivers
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.tools.toolchain import run

from ..nightly import mostly_nightly
from ..random_networks import random_convolutional_plan

SEEDS = mostly_nightly(
    range(60), always=(0, 17, 24, 27)
)  # of 17, 24, 27: constants between modules


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lint")


@pytest.fixture(scope="module", params=SEEDS)
def rtl(request, folder):
    plan = random_convolutional_plan(np.random.default_rng(request.param))
    (folder / "random.v").write_text(to_verilog(Accelerator(plan), "random"))
    (folder / "random.vlt").write_text(waivers(plan))
    return folder / "random.v"


def test_verilator_warns_of_style_alone(rtl):
    files = ["random.vlt", "random.v"]
    run("verilator", ["--lint-only", "-Wall", *files], cwd=rtl.parent, calls=("perl",))


def test_yosys_reads_it(rtl):
    run(
        "yosys", ["-q", "-p", "read_verilog random.v; hierarchy -check -top random"], cwd=rtl.parent
    )


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")
def test_icarus_has_nothing_to_say(rtl):
    log = rtl.parent / "log"
    args = ["-g2005", "-Wall", "-t", "null", rtl.name]
    run("iverilog", args, cwd=rtl.parent, log=log)
    assert log.read_text() == ""


def test_each_waiver_has_a_reason():
    plan = random_convolutional_plan(np.random.default_rng(0))
    first, _, *others = waivers(plan).strip().split("\n\n")
    assert first == "`verilator_config"
    for paragraph in others:
        assert re.fullmatch(r'(// .*\n)+lint_off -rule [A-Z]+ -file "\*random\.v"', paragraph)
