"""A board with a loadable array, from power-up: flash, images over the line, other networks."""

import random
from pathlib import Path

import numpy as np
import pytest

from threefold import boards, load
from threefold.host import Session
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.flash import FlashReader
from threefold.hw.interfaces.link import SerialLink
from threefold.plan import image_of
from threefold.planning import plan_for_board
from threefold.registers.identity import identity
from threefold.sim import golden
from threefold.sim.board import CYCLES_A_BIT, SimulatedBoard, compile_link
from threefold.sim.faulty_line import FaultyLine
from threefold.sim.flash import SPIFlash
from threefold.sim.line import SimulatedLine

from ..accelerators import random_images
from ..digits import dataset
from ..loadable_networks import loadable_plan, network
from ..nightly import mostly_nightly

ZOO = Path(__file__).parents[2] / "zoo"
CLOCK_MHZ, OFFSET = 30.0, 0x100000
NETWORKS = [network(seed) for seed in (1, 2, 3)]
PLAN = loadable_plan(*NETWORKS)
PROGRAMS = [image_of(PLAN, each) for each in NETWORKS]
IMAGES = random_images(np.random.default_rng(0), NETWORKS[0], 12)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    rate = round(CLOCK_MHZ * 1e6 / CYCLES_A_BIT)
    reader = FlashReader.at(OFFSET, clock_mhz=CLOCK_MHZ)
    link = SerialLink.at(Accelerator(PLAN), clock_mhz=CLOCK_MHZ, baud=rate, flash=reader)
    return compile_link(link, tmp_path_factory.mktemp("board"))


@pytest.fixture
def board(library):
    flash = SPIFlash()
    flash.write(OFFSET, PROGRAMS[0])
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ, flash=flash) as board:
        yield board
    assert flash.faults == []


def is_exact(session, number):
    """Whether every output is that of one of the networks, whose outputs all differ."""
    results = dict(session.run(IMAGES.reshape(len(IMAGES), -1)))
    expected = golden.run(NETWORKS[number], IMAGES).reshape(len(IMAGES), -1)
    return [results[index] for index in range(len(IMAGES))] == expected.tolist()


def test_networks_differ():
    outputs = [golden.run(each, IMAGES).tolist() for each in NETWORKS]
    assert all(one != other for one, other in zip(outputs, outputs[1:] + outputs[:1], strict=True))


def test_from_power_up_and_other_networks_one_after_the_other(board):
    board.run(100_000)
    session = Session(SimulatedLine(board), digest=identity(PLAN)["DIGEST"], seed=0)
    assert session.loaded == int.from_bytes(PROGRAMS[0][-4:], "little")
    assert is_exact(session, 0)
    for number in (1, 2, 0, 2):
        session.load(PROGRAMS[number])
        assert session.loaded == int.from_bytes(PROGRAMS[number][-4:], "little")
        assert is_exact(session, number)
    again = Session(SimulatedLine(board), seed=1)
    assert is_exact(again, 2)
    assert session.counters.faults == again.counters.faults == 0
    assert again.read("REFUSED") == again.read("FRAMES_BAD") == 0


@pytest.mark.parametrize(
    "name",
    mostly_nightly(
        ["dropped byte, to the board", "doubled frame", "stall", "glitch", "reset of the board"],
        always=["dropped byte, to the board", "reset of the board"],
    ),
)
def test_faults_leave_no_wrong_network(board, name):
    line, rng = FaultyLine(board, seed=1), random.Random(name)
    session = Session(line, seed=0)
    for _ in range(3):
        number = rng.randrange(3)
        line.arm(name, within=len(PROGRAMS[number]))
        session.load(PROGRAMS[number])
        line.disarm()
        assert is_exact(session, number)


@pytest.mark.nightly
def test_a_trained_network_of_the_zoo_from_power_up(tmp_path):
    """Digits of the test split on an iCEBreaker, whose plan is made as for a user."""
    trained = load(ZOO / "lenet_digits.tern")
    plan = plan_for_board(trained, "icebreaker", loadable=[])
    board, program = boards.get("icebreaker"), image_of(plan)
    link = SerialLink.at(
        Accelerator(plan),
        clock_mhz=board.clock_mhz,
        baud=round(board.clock_mhz * 1e6 / CYCLES_A_BIT),
        flash=FlashReader.at(board.flash.offset, clock_mhz=board.clock_mhz),
    )
    flash = SPIFlash()
    flash.write(board.flash.offset, program)
    images = dataset().test_images[:60].reshape(60, 8, 8, 1)
    library = compile_link(link, tmp_path)
    with SimulatedBoard(library, clock_mhz=board.clock_mhz, flash=flash) as simulated:
        simulated.run(32 * len(program))  # 24 cycles a byte, and what the flash takes to wake up
        session = Session(SimulatedLine(simulated), seed=0)
        assert session.loaded == int.from_bytes(program[-4:], "little")
        results = dict(session.run(images.reshape(60, -1)))
    expected = golden.run(trained, images).reshape(60, -1).tolist()
    assert [results[index] for index in range(60)] == expected
    assert flash.faults == []
