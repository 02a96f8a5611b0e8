"""The driver in C loads program images into the hardware itself, in Verilator."""

import subprocess

import numpy as np
import pytest

from threefold.firmware import header
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.wishbone_core import WishboneCore
from threefold.hw.verilog import to_verilog
from threefold.plan import image_of
from threefold.registers.identity import identity
from threefold.sim import golden
from threefold.sim.board import compile_board
from threefold.tools.toolchain import run

from ..accelerators import random_images
from ..loadable_networks import loadable_plan, network
from ..nightly import mostly_nightly
from .test_driver import FIRMWARE, PROGRAMS, SANITIZED, SOURCES, STRICT
from .test_driver_simulated import CLOCK_MHZ, MAKEFLAGS

NETWORKS = [network(seed) for seed in (1, 2)]
PLAN = loadable_plan(*NETWORKS)
IMAGES = random_images(np.random.default_rng(0), NETWORKS[0], 8)


def linked(part, library, folder):
    """A program of the driver and the hardware in a library."""
    (folder / "net1.h").write_text(header(PLAN))
    sources = [PROGRAMS / "simulated.c", PROGRAMS / f"{part}.c", *SOURCES]
    flags = [*STRICT, *SANITIZED, "-include", folder / "net1.h", "-DNETWORK=NET1_NETWORK"]
    include = [f"-I{FIRMWARE}", f"-I{PROGRAMS}"]
    command = ["gcc", *flags, *include, *sources, library, "-o", folder / part]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / part


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    return linked(
        "simulated_serial", compile_board(PLAN, folder / "board", clock_mhz=CLOCK_MHZ), folder
    )


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bus")
    core = WishboneCore(Accelerator(PLAN), identity(PLAN))
    (folder / "core.v").write_text(to_verilog(core, "core"))
    options = ["--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-O3"]
    options += ["-CFLAGS", "-fPIC", "-LDFLAGS", "-shared", "--MAKEFLAGS", MAKEFLAGS]
    options += ["--Mdir", "objects", "-o", "core.so", "core.v", str(PROGRAMS / "core.cpp")]
    run("verilator", options, cwd=folder, calls=("perl", "g++", "make"))
    return linked("simulated_bus", folder / "objects" / "core.so", folder)


def ran(program, folder, numbers, *, seed=0):
    """Load networks one after the other, and compare outputs with those of the last; counters."""
    paths = []
    for place, number in enumerate(numbers):
        paths.append(folder / f"{place}.bin")
        paths[-1].write_bytes(image_of(PLAN, NETWORKS[number]))
    codes = IMAGES.astype(np.uint8).tobytes()
    command = [program, str(len(IMAGES)), str(seed), *paths]
    done = subprocess.run(command, input=codes, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    *found, counters = done.stdout.decode().splitlines()
    expected = golden.run(NETWORKS[numbers[-1]], IMAGES).reshape(len(IMAGES), -1)
    assert [list(map(int, line.split())) for line in found] == expected.tolist()
    return list(map(int, counters.split()))


@pytest.mark.parametrize("numbers", [(0,), (0, 1), (1, 0, 1)])
def test_over_a_line(serial, tmp_path, numbers):
    _, _, _, *faults = ran(serial, tmp_path, numbers)
    assert faults == [0, 0, 0]


@pytest.mark.parametrize("seed", mostly_nightly(range(1, 9), always=[1]))
def test_over_a_line_with_faults(serial, tmp_path, seed):
    frames_bad, _, _ = ran(serial, tmp_path, (0, 1), seed=seed)[3:]
    assert frames_bad > 0


@pytest.mark.parametrize("numbers", [(0, 1)])
def test_over_a_bus(bus, tmp_path, numbers):
    ran(bus, tmp_path, numbers)


def test_without_a_network_nothing_is_answered(bus):
    done = subprocess.run(
        [bus, "1", "0"], input=IMAGES[:1].astype(np.uint8).tobytes(), capture_output=True
    )
    assert done.returncode == 1
    assert f"is {3}, not 0".encode() in done.stderr  # THREEFOLD_NO_ANSWER
