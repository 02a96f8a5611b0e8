import re
import shutil
import subprocess

import numpy as np
import pytest

from threefold.core import verilog_testbench
from threefold.errors import DataError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.tools.toolchain import run

rng = np.random.default_rng(0)
NETWORK = Network.chain(
    "sample",
    Tensor((1, 1, 8), Codes.unsigned(2)),
    [
        ("fc1", Dense(rng.integers(-1, 2, (6, 8)))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (6, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (5, 6)))),
        ("logits", Logits(rng.integers(-5, 5, 5))),
    ],
)
PLAN = fold(NETWORK, {"fc1": Folding(2, 4), "fc2": Folding(1, 3)})
IMAGES = rng.integers(0, 4, (9, 1, 1, 8))

icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")


@pytest.fixture(scope="module")
def verilog():
    return to_verilog(Accelerator(PLAN), "sample")


def simulated(folder, verilog, bench, *options):
    """Exit code and what Icarus prints of a run of a testbench."""
    (folder / "sample.v").write_text(verilog)
    (folder / "sample_tb.v").write_text(bench)
    args = ["-g2005", "-Wall", *options, "-o", "bench", "sample.v", "sample_tb.v"]
    run("iverilog", args, cwd=folder, log=folder / "log")
    assert (folder / "log").read_text() == ""
    return finished(["vvp", "-n", "bench"], folder)


def finished(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout


@icarus
@pytest.mark.parametrize("images", [None, IMAGES, IMAGES[:1]])
@pytest.mark.parametrize("pauses", [0, 1])
def test_accelerator_passes(images, pauses, verilog, tmp_path):
    option = f"-Psample_tb.PAUSES={pauses}"
    code, said = simulated(tmp_path, verilog, verilog_testbench(PLAN, images), option)
    count = 4 if images is None else min(4, len(images))
    beats = count * PLAN.ports.output.beats
    assert re.fullmatch(rf"PASS: {count} images, {beats} beats as expected, \d+ cycles\n", said)
    assert code == 0


@icarus
def test_pauses_are_taken(verilog, tmp_path):
    cycles = []
    for pauses in (0, 1):
        option = f"-Psample_tb.PAUSES={pauses}"
        _, said = simulated(tmp_path, verilog, verilog_testbench(PLAN, IMAGES), option)
        cycles.append(int(re.search(r"(\d+) cycles", said)[1]))
    assert cycles[1] > cycles[0]


def wrong_weight(verilog):
    """One bit of the first row of weights of fc2, flipped."""
    first = r"(module \\sample\.engine_fc2\.array\.weights.*?\[0\] = \d+'h)(\w)"
    found = re.search(first, verilog, re.S)
    flipped = f"{int(found[2], 16) ^ 1:x}"
    return verilog[: found.start(2)] + flipped + verilog[found.end(2) :]


def always_valid(verilog, value):
    """The output's valid never changes."""
    cut = re.sub(r"\(o__valid\)", "()", verilog)
    return cut.replace("wire o__valid;", f"wire o__valid; assign o__valid = {value};", 1)


NONE, SOME = "came, 0 wrong", r"came, [1-9]\d* wrong"
BROKEN = {
    "wrong weight": (wrong_weight, f"FAIL: 20 of 20 beats {SOME}"),
    "unknown output": (
        lambda text: always_valid(text, "1'bx"),
        f"FAIL: 0 of 20 beats {NONE}",
    ),
    "no output": (lambda text: always_valid(text, "0"), f"FAIL: 0 of 20 beats {NONE}"),
    "endless output": (lambda text: always_valid(text, "1"), f"FAIL: 31 of 20 beats {SOME}"),
}


@icarus
@pytest.mark.parametrize("name", BROKEN)
def test_broken_accelerator_fails(name, verilog, tmp_path):
    breaks, expected = BROKEN[name]
    broken = breaks(verilog)
    assert broken != verilog
    code, said = simulated(tmp_path, broken, verilog_testbench(PLAN, IMAGES))
    assert re.search(rf"^{expected}, \d+ cycles$", said, re.M), said
    assert code == 1


@pytest.mark.nightly
@pytest.mark.parametrize("breaks", [None, wrong_weight])
def test_in_verilator(breaks, verilog, tmp_path):
    (tmp_path / "sample.v").write_text(breaks(verilog) if breaks else verilog)
    (tmp_path / "sample_tb.v").write_text(verilog_testbench(PLAN, IMAGES))
    # The packaged Verilator knows neither the flag of coroutines nor that of its own header.
    args = ["--binary", "-CFLAGS", "-std=c++20", "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"]
    args += ["--top", "sample_tb", "sample.v", "sample_tb.v"]
    run("verilator", args, cwd=tmp_path, calls=("perl", "g++", "make"))
    code, said = finished(["obj_dir/Vsample_tb"], tmp_path)
    assert ("FAIL" if breaks else "PASS: 4 images") in said
    assert bool(code) == bool(breaks)


def test_large_images_are_few():
    ops = [("fc1", Dense(np.ones((1, 16384), int))), ("logits", Logits(np.array([0])))]
    network = Network.chain("large", Tensor((1, 1, 16384), Codes.unsigned(1)), ops)
    plan = fold(network, {"fc1": Folding(1, 1)})
    assert "localparam IMAGES = 2;" in verilog_testbench(plan)


@pytest.mark.parametrize("images", [IMAGES + 4, IMAGES[..., :4]])
def test_images_of_another_network(images):
    with pytest.raises(DataError):
        verilog_testbench(PLAN, images)


def test_same_bytes():
    assert verilog_testbench(PLAN) == verilog_testbench(PLAN)
