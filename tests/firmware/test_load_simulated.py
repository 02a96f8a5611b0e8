"""The driver in C loads program images into the hardware itself, in Verilator."""

import subprocess

import numpy as np
import pytest

from threefold.plan import image_of
from threefold.sim import golden

from ..accelerators import random_images
from ..loadable_networks import loadable_plan, network
from ..nightly import mostly_nightly
from .hardware import board_of, bus_of, linked

NETWORKS = [network(seed) for seed in (1, 2)]
PLAN = loadable_plan(*NETWORKS)
IMAGES = random_images(np.random.default_rng(0), NETWORKS[0], 8)


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    return linked("simulated_serial", PLAN, board_of(PLAN, folder / "board"), folder)


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bus")
    return linked("simulated_bus", PLAN, bus_of(PLAN, folder), folder)


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
