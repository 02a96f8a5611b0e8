import fcntl
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from threefold.errors import BuildError, DataError, PlanError, ToolError
from threefold.lock import LOCK
from threefold.network import save
from threefold.sim.simulate import simulate
from threefold.tools.toolchain import environment

from .sample import IMAGES, PLAN, icarus


def running(folder):
    """Command lines of all processes that work in a folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            where = (path / "cwd").resolve()
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if line and (folder in (where, *where.parents) or str(folder) in line):
            lines.append(line)
    return lines


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# A Verilator that holds a pipe, as does a process that it starts, and tells if it is not killed.
STALLED = """#!/bin/sh
test "$1" = --version && exec echo Verilator 5.48
exec 3>"$PIPE"
echo started >&3
sleep 60 &
wait
echo survived >&3
"""


@pytest.mark.parametrize("phase", ["compile", "simulate"])
def test_interruption_leaves_no_process(run, verilog, folder, phase):
    def interrupt(reached, done):
        assert running(folder)
        if reached == phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(verilog, np.tile(IMAGES, (500, 1, 1, 1)), progress=interrupt)
    until(lambda: not running(folder))


def test_termination_leaves_no_process(tmp_path):
    save(PLAN.network, tmp_path / "network.tern")
    np.savez(tmp_path / "images.npz", images=IMAGES)
    (tmp_path / "verilator").write_text(STALLED)
    (tmp_path / "verilator").chmod(0o755)
    os.mkfifo(tmp_path / "pipe")
    ours = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    theirs = os.open(tmp_path / "pipe", os.O_WRONLY)  # so that its end is the program's as well
    os.set_blocking(ours, True)
    tools = {"VERILATOR": str(tmp_path / "verilator"), "PIPE": str(tmp_path / "pipe")}
    command = [sys.executable, "-m", "threefold", "simulate", "network.tern"]
    command += ["--images", "images.npz", "-o", "out"]
    options = {"cwd": tmp_path, "env": environment() | tools, "pass_fds": [theirs]}
    with open(ours) as pipe, subprocess.Popen(command, **options) as program:
        os.close(theirs)
        assert pipe.readline() == "started\n"
        program.terminate()
        assert pipe.read() == ""  # it ends once nobody holds it any more
    assert program.returncode == -signal.SIGTERM


@pytest.mark.parametrize("simulator", ["verilator", pytest.param("icarus", marks=icarus)])
def test_damaged_build_is_made_anew(run, verilog, folder, simulator):
    run(verilog, simulator=simulator)
    for path in (folder / "sim" / "build").rglob("*"):
        if path.is_file():
            os.truncate(path, path.stat().st_size // 2)
    assert run(verilog, simulator=simulator).cycles == PLAN.cycles


def test_build_that_was_not_finished_is_made_anew(run, verilog, folder):
    run(verilog)
    build = folder / "sim" / "build"
    (build / "complete").unlink()
    (build / "left").touch()
    assert run(verilog).cycles == PLAN.cycles
    assert not (build / "left").exists()


def test_damaged_sources_are_written_again(run, verilog, folder):
    run(verilog)
    (folder / "sim" / "design.v").write_bytes(b"\xff")
    assert run(verilog).cycles == PLAN.cycles


def test_broken_verilog(run, folder):
    message = rf"^verilator failed; see {folder}/sim/simulation\.log$"
    with pytest.raises(BuildError, match=message):
        run("module sample(input clk; endmodule\n")
    assert "syntax error" in (folder / "sim" / "simulation.log").read_text()


def test_full_disk(run, folder):
    """A limit to the size of files stands for the full disk."""
    _, hard = limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, hard))
    message = f"verilator failed: cannot write into {folder}/sim: File too large; make room there"
    try:
        with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
            run("module sample(input clk; endmodule\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


WRONG = [
    ({"images": IMAGES[:0]}, DataError, "there is no image to simulate"),
    ({"images": IMAGES + 1}, DataError, r"image codes must be 0…3, not 1…4"),
    (
        {"images": IMAGES[..., :7]},
        DataError,
        r"network 'sample' takes images of 1×1×8 \(height × width × channels\), "
        r"not an array of shape \(40, 1, 1, 7\)",
    ),
    (
        {"simulator": "modelsim"},
        PlanError,
        "simulators are verilator and icarus, not 'modelsim'",
    ),
    (
        {"stalls": 1},
        PlanError,
        "the probability of a stall must be at least 0 and below 1, not 1",
    ),
    (
        {"stalls": float("nan")},
        PlanError,
        "the probability of a stall must be at least 0 and below 1, not nan",
    ),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG)
def test_refused_before_anything_is_written(tmp_path, change, error, message):
    arguments = {"images": IMAGES, **change}
    with pytest.raises(error, match=f"^{message}$"):
        simulate(PLAN, tmp_path / "sample.v", folder=tmp_path / "sim", **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("my network", "spaces"),
        ("my\tnetwork", "spaces"),
        *((f"a{c}b", c) for c in "#$:;'\"%=&*\\"),
    ],
)
def test_folder_that_make_does_not_know(tmp_path, name, what):
    folder = tmp_path / name / "sim"
    message = (
        f"GNU Make, which compiles simulations, knows no folders with {what} such as "
        f"'{folder}'; choose another with -o"
    )
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
        simulate(PLAN, tmp_path / "sample.v", IMAGES, folder)
    assert list(tmp_path.iterdir()) == []


def test_folder_with_signs_that_make_knows(tmp_path, verilog):
    (tmp_path / "sample.v").write_text(verilog)
    folder = tmp_path / "é,+@~._-ße\u0301"
    assert simulate(PLAN, tmp_path / "sample.v", IMAGES, folder).cycles == PLAN.cycles


def test_two_simulations_in_one_folder(tmp_path):
    """The second is refused before it writes anything."""
    folder = tmp_path / "sim"
    message = (
        f"{folder} is in use by another threefold (process {os.getppid()}); "
        "wait for it or choose another folder with -o"
    )
    folder.mkdir()
    with (folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        print(os.getppid(), file=file, flush=True)
        with pytest.raises(BuildError, match=f"^{re.escape(message)}$"):
            simulate(PLAN, tmp_path / "sample.v", IMAGES, folder)
    assert [path.name for path in folder.iterdir()] == [LOCK]


MISSING = [
    ("VERILATOR", "verilator"),
    ("GXX", "verilator"),
    ("MAKE", "verilator"),
    ("IVERILOG", "icarus"),
]


@pytest.mark.parametrize(("variable", "simulator"), MISSING)
def test_missing_tool(tmp_path, monkeypatch, variable, simulator):
    monkeypatch.setenv(variable, "/nowhere")
    message = rf"^{variable} names '/nowhere', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        simulate(PLAN, tmp_path / "sample.v", IMAGES, tmp_path / "sim", simulator=simulator)
    assert list(tmp_path.iterdir()) == []
