"""The driver in C gives images to the hardware at widths of their own, in Verilator."""

import subprocess

import numpy as np
import pytest

from threefold.firmware import header
from threefold.plan import fold
from threefold.sim import golden

from ..accelerators import random_images
from ..nightly import mostly_nightly
from ..slim import slim_plan
from .hardware import board_of, bus_of, linked

PLAN = slim_plan()
NETWORKS = [PLAN.network, *(PLAN.network.at(name) for name in PLAN.widths)]
IMAGES = random_images(np.random.default_rng(0), PLAN.network, 10)


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    return linked("simulated_serial", PLAN, board_of(PLAN, folder / "board"), folder)


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bus")
    return linked("simulated_bus", PLAN, bus_of(PLAN, folder), folder)


def ran(program, seed=0):
    """Compare outputs of images that take the widths in turn; bad frames."""
    codes = IMAGES.astype(np.uint8).tobytes()
    command = [program, str(len(IMAGES)), str(seed)]
    done = subprocess.run(command, input=codes, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    *found, counters = done.stdout.decode().splitlines()
    expected = [
        golden.run(NETWORKS[number % len(NETWORKS)], image[None]).reshape(-1).tolist()
        for number, image in enumerate(IMAGES)
    ]
    assert [list(map(int, line.split())) for line in found] == expected
    return int(counters.split()[3])


def test_over_a_line(serial):
    assert ran(serial) == 0


@pytest.mark.parametrize("seed", mostly_nightly(range(1, 9), always=[1]))
def test_over_a_line_with_faults(serial, seed):
    assert ran(serial, seed) > 0


@pytest.mark.nightly  # bus_cases.c has a model of the same bus
def test_over_a_bus(bus):
    ran(bus)


def test_the_header_numbers_widths():
    text = header(PLAN)
    prefix = f"#define {PLAN.network.name.upper()}_WIDTH"
    assert f"{prefix}S 3 " in text
    assert f"{prefix}_HALF 1\n{prefix}_THIRD 2\n" in text
    assert "A byte with the number of the width comes ahead of the codes" in text
    assert "comes ahead" not in header(fold(PLAN.network, PLAN.foldings()))
