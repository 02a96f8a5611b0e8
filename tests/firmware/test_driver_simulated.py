"""The driver in C against the hardware itself, in Verilator, on images of real digits."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from threefold import load
from threefold.firmware import header
from threefold.planning import plan_for_board
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard
from threefold.sim.port import SimulatedPort

from ..digits import dataset
from ..nightly import mostly_nightly
from .hardware import CLOCK_MHZ, board_of, bus_of, linked
from .test_driver import FIRMWARE, SANITIZED, SOURCES, STRICT

ROOT = Path(__file__).parents[2]
NETWORK = load(ROOT / "zoo" / "digits.tern")
PLAN = plan_for_board(NETWORK, "icebreaker", fastest=True)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    return board_of(PLAN, tmp_path_factory.mktemp("board"))


@pytest.fixture(scope="module")
def serial(board, tmp_path_factory):
    return linked("simulated_serial", PLAN, board, tmp_path_factory.mktemp("serial"))


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bus")
    return linked("simulated_bus", PLAN, bus_of(PLAN, folder), folder)


def classify(program, count, seed=0):
    """Compare the classes of test images with the golden model's; the counters."""
    images = dataset().test_images[:count]
    codes = images.astype(np.uint8).tobytes()
    done = subprocess.run([program, str(count), str(seed)], input=codes, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    *found, counters = done.stdout.decode().splitlines()
    expected = golden.run(NETWORK, images)
    assert np.array_equal(np.array(found, int), expected.ravel())
    names = ("images", "latency", "interval", "frames_bad", "refused", "resent")
    return dict(zip(names, map(int, counters.split()), strict=True))


@pytest.mark.parametrize("count", mostly_nightly([60, 360], always=[60]))
def test_digits_over_a_simulated_line(serial, count):
    counters = classify(serial, count)
    assert counters["images"] == count
    assert counters["frames_bad"] == counters["refused"] == counters["resent"] == 0


@pytest.mark.parametrize("seed", mostly_nightly(range(1, 9), always=[1]))
def test_digits_over_a_simulated_line_with_faults(serial, seed):
    counters = classify(serial, 60, seed)
    assert counters["frames_bad"] > 0
    assert counters["resent"] > 0


@pytest.mark.nightly  # examples/riscv_system.py has the same bus
def test_digits_over_a_simulated_bus(bus):
    counters = classify(bus, 360)
    assert counters["images"] == 360
    assert counters["interval"] >= PLAN.cycles.interval


def test_a_host_in_c_behind_a_pseudo_terminal(board, tmp_path):
    (tmp_path / "digits.h").write_text(header(PLAN))
    sources = [ROOT / "examples" / "serial_host.c", *SOURCES]
    # The clock is that of the machine, which may have other things to do.
    flags = [*STRICT, *SANITIZED, f"-I{tmp_path}", f"-I{FIRMWARE}", "-DTHREEFOLD_ATTEMPTS=200"]
    program = tmp_path / "serial_host"
    subprocess.run(["gcc", *flags, *sources, "-o", program], check=True)
    images = dataset().test_images[:10]
    with (
        SimulatedBoard(board, clock_mhz=CLOCK_MHZ) as simulated,
        SimulatedPort(simulated) as port,
    ):
        codes = images.astype(np.uint8).tobytes()
        done = subprocess.run([program, port.name], input=codes, capture_output=True)
        cut = subprocess.run([program, port.name], input=codes[:100], capture_output=True)
        with open("/dev/full", "w") as full:
            lost = subprocess.run(
                [program, port.name], input=codes, stdout=full, stderr=subprocess.PIPE
            )
    assert done.returncode == 0, done.stderr.decode()
    assert np.array_equal(np.array(done.stdout.split(), int), golden.run(NETWORK, images).ravel())
    assert (cut.returncode, len(cut.stdout.split())) == (1, 1)
    assert cut.stderr == b"serial_host: the last image has 36 codes of 64\n"
    assert (lost.returncode, lost.stderr) == (1, b"serial_host: No space left on device\n")
    done = subprocess.run([program, tmp_path / "none"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "usage: serial_host PORT < codes, where PORT can be opened\n"
