"""A board whose program is in an SDRAM, simulated whole: loaded over the line, images, faults."""

import numpy as np
import pytest

from threefold.errors import LinkError
from threefold.host import Session
from threefold.hw.sdram.feed import feed_at
from threefold.plan import image_of, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard, compile_board
from threefold.sim.line import SimulatedLine
from threefold.sim.sdram import SDRAMChip

from ..accelerators import random_images
from ..hw.sdram.chips import SMALL
from ..loadable_networks import network

CLOCK_MHZ = 60
NETWORK = network(1)
IMAGES = random_images(np.random.default_rng(0), NETWORK, 8)
RESULTS = golden.run(NETWORK, IMAGES).reshape(len(IMAGES), -1).tolist()


def plan_for(ratio):
    feed = feed_at(SMALL, CLOCK_MHZ, ratio).to_dict()
    return plan_of(NETWORK, (StreamedUnit(lower(NETWORK), 4, 4, feed=feed).made_loadable(),))


@pytest.fixture(scope="module", params=[1, 2])
def ratio(request):
    return request.param


@pytest.fixture(scope="module")
def library(ratio, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdram_board")
    return compile_board(plan_for(ratio), folder, clock_mhz=CLOCK_MHZ, sdram=SMALL)


@pytest.fixture
def chip(ratio):
    return SDRAMChip(SMALL, clock_mhz=ratio * CLOCK_MHZ)


@pytest.fixture
def session(library, chip):
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ, sdram=chip) as board:
        yield Session(SimulatedLine(board), seed=0)
    assert chip.faults == []
    assert chip.refreshes > 10


def results(session):
    found = dict(session.run(IMAGES.reshape(len(IMAGES), -1)))
    return [found[index] for index in range(len(IMAGES))]


def test_a_program_is_loaded_and_images_are_computed(session, ratio):
    image = image_of(plan_for(ratio))
    assert (session.board.loadable, session.loaded) == (True, None)
    session.load(image)
    assert session.loaded == int.from_bytes(image[-4:], "little")
    assert results(session) == RESULTS
    session.load(image)
    assert results(session) == RESULTS


def test_a_bit_that_changes_in_the_memory_is_found(session, chip, ratio):
    image = image_of(plan_for(ratio))
    session.load(image)
    assert results(session) == RESULTS
    chip.content[0, 0, 40] ^= 4
    with pytest.raises(LinkError, match="memory"):
        results(session)
    session.load(image)
    assert results(session) == RESULTS
