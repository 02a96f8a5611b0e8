"""Program images over the line to a simulated board whose accelerator is a few lines."""

import random

import numpy as np
import pytest

from threefold.errors import DataError, LinkError
from threefold.host import Session
from threefold.hw.interfaces.link import SerialLink
from threefold.registers import REGISTERS
from threefold.sim.board import CYCLES_A_BIT, SimulatedBoard, compile_link
from threefold.sim.faulty_line import FAULTS, FaultyLine, UnpluggedError
from threefold.sim.line import SimulatedLine

from ..loadable import CODES, HEAD, KeyAccelerator, image_of_key
from ..nightly import mostly_nightly

CLOCK_MHZ = 30.0
IMAGES = np.random.default_rng(0).integers(0, 256, (5, CODES))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    rate = round(CLOCK_MHZ * 1e6 / CYCLES_A_BIT)
    link = SerialLink.at(KeyAccelerator(), clock_mhz=CLOCK_MHZ, baud=rate)
    return compile_link(link, tmp_path_factory.mktemp("board"))


@pytest.fixture
def board(library):
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board:
        yield board


def crc(image):
    return int.from_bytes(image[-4:], "little")


def answers_with(session, key):
    results = dict(session.run(IMAGES))
    return [results[index] for index in range(len(IMAGES))] == (IMAGES ^ key).tolist()


def test_one_image_after_the_other(board):
    session = Session(SimulatedLine(board), digest=0x12345678, seed=0)
    assert session.board.loadable
    assert session.loaded is None
    with pytest.raises(LinkError, match=r"^the board has no network yet; load one with --load$"):
        next(session.run(IMAGES))
    for key in (0x5A, 0, 0x7E):
        told = []
        session.load(image := image_of_key(key), told.append)
        assert told == [0, len(image)]
        assert session.loaded == crc(image)
        assert answers_with(session, key)
    again = Session(SimulatedLine(board), seed=1)
    assert again.loaded == crc(image)
    assert answers_with(again, key)
    assert session.counters.faults == again.counters.faults == 0
    for name in ("REFUSED", "FRAMES_BAD", "OVERRUNS", "ERRORS"):
        assert again.read(name) == 0


def test_an_image_of_other_hardware_is_refused_and_a_right_one_taken(board):
    session = Session(SimulatedLine(board), seed=0)
    other = image_of_key(1, head=HEAD[:-1] + b"\0")
    message = (
        "^the board refuses the program image: it was made for other hardware; make it from the "
        "plan that the bitstream was built from$"
    )
    with pytest.raises(LinkError, match=message):
        session.load(other)
    assert session.read("REFUSED") >= 2
    assert session.loaded is None
    session.load(image_of_key(3))
    assert answers_with(session, 3)


def test_a_damaged_image_does_not_reach_the_board(board):
    session = Session(SimulatedLine(board), seed=0)
    image = image_of_key(3)
    session.load(image)
    for damaged in (image[:-1], image[:40] + b"\0" + image[41:], b"", bytes(9)):
        message = (
            rf"^{len(damaged):,} bytes are no program image, or a damaged one: their CRC is "
            r"wrong; make it again, by threefold build$"
        )
        with pytest.raises(DataError, match=message):
            session.load(damaged)
    assert answers_with(session, 3)


def test_a_line_that_damages_every_attempt(board):
    session = Session(SimulatedLine(board), seed=0)
    line, sent = session.transport, session.transport.write

    def write(frame):
        sent(frame[:-3] + b"\x11" + frame[-2:] if frame[1] == 4 else frame)

    line.write = write
    message = (
        r"^the program image was damaged on the line 6 times; build with fewer --baud, or try "
        r"another cable$"
    )
    with pytest.raises(LinkError, match=message):
        session.load(image_of_key(3))
    assert session.counters.lost == 6
    line.write = sent
    session.load(image_of_key(4))
    assert answers_with(session, 4)


@pytest.mark.parametrize(
    "name", mostly_nightly(list(FAULTS), always=["doubled frame", "random bytes, to the board"])
)
def test_a_fault_while_an_image_is_loaded(board, name):
    """Whatever happens on the line: the board has the new image in the end, and no wrong one."""
    line = FaultyLine(board, seed=len(name))
    session = Session(line, seed=0)
    rng = random.Random(name)
    for _ in range(3):
        key = rng.randrange(256)
        image = image_of_key(key)
        line.arm(name, within=40 if FAULTS[name][0] == "read" else len(image))
        try:
            session.load(image)
        except UnpluggedError:
            session = Session(line, seed=1)
            session.load(image)
        line.disarm()
        assert session.loaded == crc(image)
        assert answers_with(session, key)


def test_random_frames_never_make_an_image(board):
    """Pieces of a right image in a wrong order, or with one of them twice or missing."""
    session = Session(SimulatedLine(board), seed=0)
    image, rng = image_of_key(9), random.Random(0)
    pieces = [image[at : at + 100] for at in range(0, len(image), 100)]
    control = REGISTERS["CONTROL"]
    for _ in range(12):
        session.write("CONTROL", control.pack(run=1, reset=1, load=1))
        order = list(range(len(pieces)))
        wrong = rng.choice([order[1:], order[::-1], [*order[:3], *order[2:]], order[:-1]])
        for index in wrong:
            session._send(4, 0, bytes([len(pieces[index]) - 1]) + pieces[index])
        session.write("CONTROL", control.pack(run=1))
        assert session.loaded is None
