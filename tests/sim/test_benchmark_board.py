"""A benchmark on a simulated board: the host's own code, and a chip that is held to its times."""

import dataclasses

import numpy as np
import pytest

from threefold.boards.sdram import AS4C16M16SA_7
from threefold.errors import DataError, LinkError
from threefold.host import Session
from threefold.host.benchmark import load_set, measure, set_of
from threefold.network import Codes
from threefold.plan.cycle_model.runs import run_cycles
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard, compile_board
from threefold.sim.line import SimulatedLine
from threefold.sim.sdram import SDRAMChip

from ..accelerators import random_images, random_plan

CLOCK_MHZ = 75
SDRAM = dataclasses.replace(AS4C16M16SA_7, rows=16, columns=32, power_up_us=1, refresh_ms=0.125)
RNG = np.random.default_rng(0)
PLAN = random_plan(RNG, Codes.unsigned(4), layers=2, argmax=False)
IMAGES = random_images(RNG, PLAN.network, 40).reshape(40, -1)
RESULTS = golden.run(PLAN.network, IMAGES.reshape(40, *PLAN.network.input.shape)).reshape(40, -1)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    return compile_board(PLAN, folder, clock_mhz=CLOCK_MHZ, sdram=SDRAM)


@pytest.fixture
def chip():
    chip = SDRAMChip(SDRAM, clock_mhz=CLOCK_MHZ)
    yield chip
    assert chip.faults == []
    assert chip.refreshes > 10


@pytest.fixture
def board(library, chip):
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ, sdram=chip) as board:
        yield board


@pytest.fixture
def session(board):
    return Session(SimulatedLine(board), seed=0)


def predicted(images):
    return run_cycles(PLAN.netlist.stages, images)


def test_images_of_a_set_are_computed_in_the_cycles_of_the_plan(session):
    assert (session.board.benchmark, session.board.loadable) == (True, False)
    told = []
    assert load_set(session, set_of(session, IMAGES), told.append)
    assert told[-1] == len(set_of(session, IMAGES))
    for rounds in (1, 7):
        found = measure(session, 40, rounds)
        assert found.results == RESULTS.tolist()
        assert (found.alike, found.stalls, found.images) == (True, 0, 40 * rounds)
        assert (found.first, found.cycles) == (PLAN.cycles.latency, predicted(40 * rounds))
        assert found.interval == PLAN.cycles.interval


def test_what_fills_up_the_last_burst_takes_no_room(session):
    load_set(session, set_of(session, IMAGES[:37]))
    found = measure(session, 37, 200)
    assert found.results == RESULTS[:37].tolist()
    # Where a refresh delays results the accelerator waits for some cycles, and makes up for them.
    assert found.cycles == predicted(37 * 200)


def test_images_that_are_not_there_give_no_results(session):
    load_set(session, set_of(session, IMAGES[:8]))
    message = "^the board has begun a benchmark, but gives no results; reset it$"
    with pytest.raises(LinkError, match=message):
        measure(session, 40)
    session.forget()
    assert measure(session, 8).results == RESULTS[:8].tolist()


def test_a_set_that_is_there_is_not_loaded_again(session, board):
    made = set_of(session, IMAGES)
    assert load_set(session, made)
    assert not load_set(Session(SimulatedLine(board), seed=1), made)
    assert load_set(session, set_of(session, IMAGES[:9]))
    assert measure(session, 9).results == RESULTS[:9].tolist()


def test_images_over_the_line_and_a_run_that_is_given_up(session, board):
    assert dict(session.run(IMAGES[:3])) == dict(enumerate(RESULTS[:3].tolist()))
    load_set(session, set_of(session, IMAGES))
    session.write("TEST_IMAGES", 40)
    session.write("TEST_ROUNDS", 60_000)
    assert session.write("TEST", 2) == 0
    assert session.read("TEST_STATUS") & 1
    assert board.busy
    session.forget()
    assert session.read("TEST_STATUS") == 2
    assert dict(session.run(IMAGES[:3])) == dict(enumerate(RESULTS[:3].tolist()))
    assert measure(session, 40).results == RESULTS.tolist()
    assert session.counters.faults == session.read("FRAMES_BAD") == 0


def test_a_set_that_is_damaged_on_its_way_is_loaded_again(session, board):
    disturbed = []

    def disturb(count):
        if not disturbed:
            disturbed.append(count)
            board.disturb(500)

    assert load_set(session, set_of(session, IMAGES), disturb)
    assert session.counters.lost > 0
    assert measure(session, 40).results == RESULTS.tolist()


def test_a_chip_that_forgets_gives_other_results(session, chip):
    load_set(session, set_of(session, IMAGES))
    chip.content[0, 0, :] ^= 0xFFFF
    found = measure(session, 40)
    assert found.results != RESULTS.tolist()
    assert found.cycles == predicted(40)


def test_what_has_no_room_is_refused(session):
    message = (
        r"^3,000 images and their results take [\d,]+ bytes, and the board's SDRAM holds 4,096; "
        r"run fewer, --limit$"
    )
    with pytest.raises(DataError, match=message):
        set_of(session, np.repeat(IMAGES, 75, axis=0))
    with pytest.raises(DataError, match=r"^a benchmark has 1 to 16,777,215 images, not 0$"):
        set_of(session, IMAGES[:0])
    with pytest.raises(DataError, match=r"^images are run 1 to 65,535 times, not 65,536$"):
        measure(session, 1, 65_536)


def test_a_board_without_a_benchmark_is_told(session):
    session.board = dataclasses.replace(session.board, benchmark=False)
    message = "^the board's bitstream has no benchmark; build it again with --benchmark, and flash "
    with pytest.raises(LinkError, match=message):
        set_of(session, IMAGES)
