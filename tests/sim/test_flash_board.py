"""Boards from power-up: a program image in the flash, then images over the line."""

import numpy as np
import pytest

from threefold.host import Session
from threefold.hw.interfaces.flash import FlashReader
from threefold.hw.interfaces.link import SerialLink
from threefold.sim.board import CYCLES_A_BIT, SimulatedBoard, compile_link
from threefold.sim.flash import SPIFlash
from threefold.sim.line import SimulatedLine

from ..loadable import CODES, HEAD, KeyAccelerator, image_of_key

CLOCK_MHZ, OFFSET = 30.0, 0x100000
IMAGES = np.random.default_rng(0).integers(0, 256, (4, CODES))
RIGHT = image_of_key(0x5A)


def link_with_flash(accelerator):
    rate = round(CLOCK_MHZ * 1e6 / CYCLES_A_BIT)
    reader = FlashReader.at(OFFSET, clock_mhz=CLOCK_MHZ)
    return SerialLink.at(accelerator, clock_mhz=CLOCK_MHZ, baud=rate, flash=reader)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_link(link_with_flash(KeyAccelerator()), tmp_path_factory.mktemp("board"))


def answers_with(session, key):
    results = dict(session.run(IMAGES))
    return [results[index] for index in range(len(IMAGES))] == (IMAGES ^ key).tolist()


@pytest.mark.parametrize("configured", [True, False])
def test_what_is_in_the_flash_is_loaded_before_the_first_answer(library, configured):
    flash = SPIFlash()
    flash.write(OFFSET, RIGHT)
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ, flash=flash) as board:
        if configured:
            board.run(30_000)
        session = Session(SimulatedLine(board), seed=0)
        assert session.loaded == int.from_bytes(RIGHT[-4:], "little")
        assert answers_with(session, 0x5A)
        assert session.read("REFUSED") == 0
        assert (session.counters.faults == 0) == configured
        assert flash.reads == [OFFSET]
        session.load(image_of_key(7))
        assert answers_with(session, 7)
        assert flash.faults == []
        assert flash.reads == [OFFSET]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4000,
        image_of_key(1, head=HEAD[:-1] + b"\0"),
        RIGHT[:300] + b"\0" + RIGHT[301:],
        RIGHT[:-1] + bytes([RIGHT[-1] ^ 0x80]),
        RIGHT[:600],
    ],
    ids=["empty", "zeros", "other hardware", "damaged", "other CRC", "cut short"],
)
def test_what_is_wrong_in_the_flash_is_refused_and_the_line_loads(library, content):
    flash = SPIFlash()
    flash.write(OFFSET, content)
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ, flash=flash) as board:
        session = Session(SimulatedLine(board), seed=0)
        assert session.loaded is None
        assert session.read("REFUSED") == 1
        session.load(RIGHT)
        assert answers_with(session, 0x5A)
        assert flash.faults == []
