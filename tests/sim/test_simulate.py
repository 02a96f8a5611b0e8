import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from threefold.errors import BuildError, DataError, MismatchError, PlanError, ToolError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.lock import LOCK
from threefold.network import (
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    Tensor,
    Threshold,
    save,
)
from threefold.plan import Folding, fold
from threefold.sim import golden
from threefold.sim.bench import Events
from threefold.sim.simulate import simulate
from threefold.tools.toolchain import environment

IMAGES = np.random.default_rng(1).integers(0, 4, (40, 1, 1, 8))


def make_plan(*ending):
    rng = np.random.default_rng(0)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (6, 8)))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (6, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (4, 6)))),
        ("logits", Logits(rng.integers(-5, 5, 4))),
    ]
    network = Network.chain("sample", Tensor((1, 1, 8), Codes.unsigned(2)), [*ops, *ending])
    plan = fold(network, {"fc1": Folding(2, 4), "fc2": Folding(2, 3)})
    # The other forms hold their thresholds in an order of their own.
    first, *others = plan.units
    return replace(plan, units=(replace(first, form="pipelined"), *others))


PLAN = make_plan(("argmax", ArgMax()))


def edited(verilog, pattern, replacement):
    changed, count = re.subn(pattern, replacement, verilog, count=1)
    assert count == 1
    return changed


# Ends the simulation, and so fails it, if what is offered is withdrawn or changed.
STABLE = """
reg waiting = 0; reg [7:0] offered;
always @(posedge clk) begin
  if (!rst & waiting & (!i__valid | i__payload != offered)) $finish;
  waiting <= i__valid & ~i__ready & ~rst;
  offered <= i__payload;
end
endmodule
"""


@pytest.fixture(scope="module")
def verilog():
    text = to_verilog(Accelerator(PLAN), "sample")
    return edited(text, r"(?s)(module sample\(.*?)\nendmodule\n", r"\g<1>" + STABLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("simulation")


@pytest.fixture(scope="module")
def run(folder):
    """Simulates Verilog text; one folder for all, so that little is compiled again."""

    def run(verilog, images=IMAGES, plan=PLAN, **options):
        rtl = folder / "sample.v"
        rtl.write_text(verilog)
        return simulate(plan, rtl, images, folder / "sim", **options)

    return run


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


def test_equal_to_golden_to_the_cycle(run, verilog):
    calls = []
    result = run(verilog, progress=lambda *call: calls.append(call))
    assert result.simulator == "verilator"
    assert result.images == 40
    assert result.beats == 40 * (6 + 4 + 1)
    assert result.cycles == PLAN.cycles
    assert result.waves is None
    assert result.cycles_per_second > 100
    assert result.outputs.tolist() == golden.run(PLAN.network, IMAGES).reshape(40, 1).tolist()
    assert result.classes.tolist() == result.outputs[:, 0].tolist()
    assert result.to_json() == {
        "simulator": "verilator",
        "images": 40,
        "mismatches": 0,
        "beats_compared": 440,
        "stalls": 0.0,
    }
    assert calls[0] == ("compile", 0)
    assert calls[-1] == ("simulate", 1)
    assert calls == sorted(calls)


@pytest.mark.parametrize(("stalls", "seed"), [(0.3, 0), (0.3, 1), (0.9, 2)])
def test_stalls(run, verilog, stalls, seed):
    result = run(verilog, stalls=stalls, seed=seed)
    assert result.cycles is None
    assert result.stalls == stalls
    assert result.beats == 440
    assert result.classes.tolist() == golden.classes(PLAN.network, IMAGES).tolist()


def test_stalls_are_those_of_the_seed(run, verilog, folder):
    """Each of 80 beats waits 10 cycles for the source, and some of them for the sink."""
    cycles = []
    for seed in (0, 0, 1):
        run(verilog, stalls=0.9, seed=seed)
        cycles.append(Events.read(folder / "sim" / "events.txt").cycles)
    assert cycles[0] == cycles[1] != cycles[2]
    assert all(600 < count < 1300 for count in cycles)


def test_more_beats_than_the_bench_holds_at_once(run, verilog):
    images = np.random.default_rng(2).integers(0, 4, (700, 1, 1, 8))
    result = run(verilog, images, stalls=0.2)
    assert result.beats == 700 * (6 + 4 + 1)
    assert result.classes.tolist() == golden.classes(PLAN.network, images).tolist()


def test_other_images_and_stalls_are_not_compiled_again(run, verilog, folder):
    run(verilog)
    program = folder / "sim" / "build" / "sample_bench"
    built = program.stat().st_mtime_ns
    run(verilog, IMAGES[::-1][:7], stalls=0.5, seed=3)
    assert program.stat().st_mtime_ns == built


def test_mismatch_late_in_a_stream(run, verilog, monkeypatch):
    """The hardware is right; what is expected of one lane of one beat is not."""
    images = np.resize(IMAGES, (1000, 1, 1, 8))

    def wrong(network, images):
        first = 0
        for values in batches(network, images):
            if first <= 833 < first + len(values["act1"]):
                values["act1"][833 - first, 0, 0, 4] ^= 1
            first += len(values["act1"])
            yield values

    batches = golden.batches
    right = golden.evaluate(PLAN.network, images[833:834])["act1"].ravel()
    monkeypatch.setattr(golden, "batches", wrong)
    message = (
        r"^'act1' differs from the golden model: image 833, pixel \(0, 0\), channel 4 is "
        rf"{right[4]}, not {right[4] ^ 1}; waveforms are in .+/dump\.vcd$"
    )
    with pytest.raises(MismatchError, match=message):
        run(verilog, images)


icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")
ONE = np.array([[1]])


@icarus
@pytest.mark.parametrize("waves", [False, True])
def test_icarus(run, verilog, folder, waves):
    result = run(verilog, simulator="icarus", waves=waves)
    assert result.simulator == "icarus"
    assert result.beats == 440
    assert result.cycles == PLAN.cycles
    assert result.classes.tolist() == golden.classes(PLAN.network, IMAGES).tolist()
    assert result.waves == (folder / "sim" / "dump.fst" if waves else None)
    assert not waves or result.waves.stat().st_size > 1000


@icarus
def test_mismatch_in_icarus(run, verilog, folder):
    wrong = edited(verilog, r"(levels\[0\] = 5'h)\w+;", r"\g<1>00;")
    message = (
        r"^'act1' differs from the golden model: image \d+, pixel \(0, 0\), channel 0 is 2, "
        rf"not [01]; waveforms are in {folder}/sim/dump\.fst$"
    )
    with pytest.raises(MismatchError, match=message):
        run(wrong, simulator="icarus")


@icarus
@pytest.mark.parametrize(
    ("shape", "ops"),
    [
        ((1, 1, 1), [("fc", Dense(ONE)), ("act", Threshold(ONE))]),
        (
            (2, 2, 1),
            [("pool", MaxPool((2, 2), (2, 2))), ("fc", Dense(ONE)), ("logits", Logits([0]))],
        ),
    ],
)
def test_logic_of_initial_values_alone_in_icarus(run, shape, ops):
    network = Network.chain("sample", Tensor(shape, Codes.unsigned(1)), ops)
    plan = fold(network, {"fc": Folding(1, 1)})
    images = np.ones((plan.cycles.images, *shape), int)
    result = run(to_verilog(Accelerator(plan), "sample"), images, plan, simulator="icarus")
    assert result.cycles == plan.cycles


@icarus
def test_output_that_is_unknown_for_ever(run, verilog):
    began = time.monotonic()

    def progress(what, done):
        assert time.monotonic() < began + 60

    wrong = edited(verilog, r"assign o__valid = \| left;", "assign o__valid = 1'hx;")
    message = (
        r"^the hardware stopped at cycle 1\d\d\d: nothing moves any more; waveforms are in .+$"
    )
    with pytest.raises(MismatchError, match=f"{message}$"):
        run(wrong, simulator="icarus", progress=progress)


def test_maps_of_codes_have_no_class(run):
    rng = np.random.default_rng(0)
    ops = [
        ("conv1", Conv(rng.integers(-1, 2, (2, 3, 3, 1)), padding=(1, 1, 1, 1))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (2, 3)), axis=1))),
        ("pool1", MaxPool((2, 2), (2, 2))),
    ]
    network = Network.chain("sample", Tensor((4, 6, 1), Codes.unsigned(2)), ops)
    plan = fold(network, {"conv1": Folding(2, 1)})
    images = rng.integers(0, 4, (plan.cycles.images, 4, 6, 1))
    result = run(to_verilog(Accelerator(plan), "sample"), images, plan)
    assert result.cycles == plan.cycles
    assert result.classes is None
    assert result.outputs.shape == (len(images), 12)
    assert result.outputs.tolist() == golden.run(network, images).reshape(-1, 12).tolist()


@pytest.mark.parametrize("images", [1, PLAN.cycles.images - 1])
def test_few_images_have_a_latency_but_no_interval(run, verilog, images):
    cycles = run(verilog, IMAGES[:images]).cycles
    assert cycles.latency == PLAN.cycles.latency
    assert np.isnan(cycles.interval)


@pytest.mark.parametrize("phase", ["compile", "simulate"])
def test_interruption_leaves_no_process(run, verilog, folder, phase):
    def interrupt(reached, done):
        assert running(folder)
        if reached == phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(verilog, np.tile(IMAGES, (500, 1, 1, 1)), progress=interrupt)
    until(lambda: not running(folder))


# A Verilator that holds a pipe, as does a process that it starts, and tells if it is not killed.
STALLED = """#!/bin/sh
test "$1" = --version && exec echo Verilator 5.48
exec 3>"$PIPE"
echo started >&3
sleep 60 &
wait
echo survived >&3
"""


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


def test_corrupted_threshold(run, verilog, folder):
    """The middle threshold of channel 0 at its least gives code 2 where it was 0 or 1."""
    codes = golden.evaluate(PLAN.network, IMAGES)["act1"][:, 0, 0, 0]
    image = int(np.argmax(codes < 2))
    wrong = edited(verilog, r"(levels\[0\] = 5'h)\w+;", r"\g<1>00;")
    with pytest.raises(MismatchError) as caught:
        run(wrong)
    waves = folder / "sim" / "dump.vcd"
    assert str(caught.value) == (
        f"'act1' differs from the golden model: image {image}, pixel (0, 0), channel 0 is 2, "
        f"not {codes[image]}; waveforms are in {waves}"
    )
    assert "tap_fc1__payload" in waves.read_text()


def test_stuck(run, verilog, folder):
    wrong = edited(verilog, r"assign o__valid = \| left;", "assign o__valid = 1'h0;")
    with pytest.raises(MismatchError) as caught:
        run(wrong, waves=True)
    assert re.fullmatch(
        r"the hardware stopped at cycle 1\d\d\d: nothing moves any more; "
        rf"waveforms are in {re.escape(str(folder / 'sim' / 'dump.vcd'))}",
        str(caught.value),
    )


def test_one_output_too_many(run, verilog):
    extra = (
        "wire last__valid; reg [7:0] sent = 0; assign o__valid = last__valid | sent == 40;\n"
        "always @(posedge clk) if (o__valid & o__ready) sent <= sent + 1;\n"
        r"\\sample.argmax argmax (\g<1>.o__valid(last__valid)"
    )
    wrong = edited(verilog, r"\\sample\.argmax +argmax \(([^;]*)\.o__valid\(o__valid\)", extra)
    message = (
        r"^'argmax' gives \[\d\] after the last image, where nothing is expected; "
        r"waveforms are in .+/dump\.vcd$"
    )
    with pytest.raises(MismatchError, match=message):
        run(wrong, waves=True)


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
