import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPT = """
import sys, time
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import accuracy, long_trainings
from accuracy import CASES, Case
from rich.console import Console
from threefold.quant import Stage, digits

changes = {"epochs": 3, "stages": (Stage(2),), "distill": 0.5}
CASES["long/one"] = Case("digits", changes={"epochs": 2})
CASES["long/two"] = Case("digits", changes=changes, twin=False)
waiting = long_trainings.trainings(["long/two", "long/one"], [0], Path(sys.argv[2]))
left = long_trainings.train_all(
    waiting, digits(), at_once=3, until=time.monotonic() + float(sys.argv[3]),
    console=Console(file=sys.stdout), device=sys.argv[4], mode=sys.argv[5],
)
print("left", left)
"""


def run(folder, seconds, device="cpu", mode="eager"):
    command = [sys.executable, "-c", SCRIPT, BENCHMARKS, folder, seconds, device, mode]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


@pytest.mark.nightly
def test_trainings_share_the_float_network_that_both_start_from(tmp_path):
    shown = run(tmp_path, 1000)
    lines = shown.splitlines()
    assert lines[-1] == "left []"
    done = [line.split(": done")[0] for line in lines if ": done" in line]
    assert sorted(done) == ["long/one 0", "long/one float 0", "long/two 0"]
    # It was there when the other began, whose first epoch is the third of all.
    first = next(line for line in lines if "long/two" in line)
    assert first.startswith("long/two 0: eager, epoch 2")
    one, two = tmp_path / "long_one" / "0", tmp_path / "long_two" / "0"
    assert (one / "checkpoint_float.pt").read_bytes() == (two / "checkpoint_stage1.pt").read_bytes()
    record = json.loads((two / "checkpoint.json").read_text())
    assert record["device"] == "cpu"
    assert record["accuracy"] > 0.8


def test_no_time_is_left(tmp_path):
    shown = run(tmp_path, 0)
    assert shown == "left ['long/two 0', 'long/one float 0', 'long/one 0']\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.nightly
def test_a_mode_that_fails_is_followed_by_the_next(tmp_path):
    shown = run(tmp_path, 1000, "cuda", "graphs")
    if "done" in shown:
        pytest.skip("there is a CUDA device")
    assert "long/one 0: graphs failed, now eager" in shown
    assert shown.endswith("left ['long/two 0', 'long/one float 0', 'long/one 0']\n")
