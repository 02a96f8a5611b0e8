"""The host's code with a simulated board: the whole way of images over the line."""

import numpy as np
import pytest

from threefold.errors import LinkError
from threefold.host import Deframer, SerialPort, Session, frame
from threefold.hw.interfaces.serial import IMAGES
from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import fit, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.sequential import SequentialUnit
from threefold.registers.identity import identity
from threefold.sim import golden
from threefold.sim.board import CYCLES_A_BIT, SimulatedBoard, compile_board
from threefold.sim.line import SimulatedLine
from threefold.sim.port import SimulatedPort

from ..accelerators import random_images
from ..digits import dataset, network

CLOCK_MHZ = 30.0


@pytest.fixture(scope="module")
def plan():
    from threefold import boards

    return fit(network(0), boards.get("icebreaker").device)


@pytest.fixture(scope="module")
def library(plan, tmp_path_factory):
    return compile_board(plan, tmp_path_factory.mktemp("board"), clock_mhz=CLOCK_MHZ)


@pytest.fixture
def board(library):
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board:
        yield board


def images(count):
    codes = dataset().test_images[:count]
    return codes.reshape(len(codes), -1), golden.run(network(0), codes).reshape(-1).tolist()


def classified(session, codes):
    results = dict(session.run(codes))
    return [results[index][0] for index in range(len(codes))]


@pytest.mark.nightly
def test_images_that_come_faster_than_they_are_computed(tmp_path):
    """One at a time, to an array that takes an image as a whole; more than the FIFO holds."""
    rng = np.random.default_rng(0)
    ops = [
        ("conv1", Conv(rng.integers(-1, 2, (6, 3, 3, 2)), padding=(1, 1, 1, 1))),
        ("act1", Threshold(np.sort(rng.integers(-6, 7, (6, 3)), axis=1))),
        ("conv2", Conv(rng.integers(-1, 2, (4, 3, 3, 6)), padding=(1, 1, 1, 1))),
        ("act2", Threshold(np.sort(rng.integers(-9, 10, (4, 3)), axis=1))),
        ("dense", Dense(rng.integers(-1, 2, (3, 1024)), (16, 16, 4))),
        ("logits", Logits([0, 1, -1])),
    ]
    large = Network.chain("large", Tensor((16, 16, 2), Codes.unsigned(2)), ops)
    plan = plan_of(large, (SequentialUnit(lower(large), 1, 1),))
    assert plan.cycles.interval > 1.3 * large.input.size * 10 * CYCLES_A_BIT
    codes = random_images(rng, large, 4)
    with SimulatedBoard(
        compile_board(plan, tmp_path, clock_mhz=CLOCK_MHZ), clock_mhz=CLOCK_MHZ
    ) as board:
        session = Session(SimulatedLine(board, latency=2 * plan.cycles.latency), seed=0)
        assert session.board.window == 1
        results = dict(session.run(codes.reshape(4, -1)))
        assert session.counters.faults == session.read("OVERRUNS") == 0
    expected = golden.run(large, codes).reshape(4, -1).tolist()
    assert [list(results[index]) for index in range(4)] == expected


def test_the_test_split_over_the_line(board, plan):
    session = Session(SimulatedLine(board), digest=identity(plan)["DIGEST"], seed=0)
    codes, expected = images(360)
    begin = board.cycles
    assert classified(session, codes) == expected
    assert session.counters.faults == 0
    assert session.read("IMAGES") == session.counters.sent == 360
    assert (session.read("FRAMES_BAD"), session.read("OVERRUNS"), session.read("ERRORS")) == (
        0,
        0,
        0,
    )
    # The line is full: 73 bytes an image, of 10 bits each.
    per_image = (board.cycles - begin) / 360
    assert per_image < 1.02 * (73 * 10 * CYCLES_A_BIT)


def test_a_pseudo_terminal_is_a_serial_port(board, plan):
    codes, expected = images(40)
    with SimulatedPort(board) as port, SerialPort(port.name, 3_000_000) as line:
        session = Session(line, digest=identity(plan)["DIGEST"])
        assert classified(session, codes) == expected
        assert session.counters.faults == 0
        with pytest.raises(
            LinkError, match=r"^the board has another network, .{8} instead of 0+; "
        ):
            Session(line, digest=0)


def test_what_the_board_is(board, plan):
    words = identity(plan, clock_mhz=CLOCK_MHZ)
    told = Session(SimulatedLine(board), seed=0).board
    assert (told.digest, told.inputs, told.outputs) == (words["DIGEST"], 64, 1)
    assert (told.gives_class, told.classes, told.element_bytes) == (True, 10, 1)
    assert (told.clock_hz, told.window) == (30_000_000, IMAGES)


@pytest.mark.parametrize("cycles", [7.75, 7.9, 8.1, 8.25])
def test_clocks_some_percent_apart(board, cycles):
    board.set_bit(cycles)
    session = Session(SimulatedLine(board), seed=0)
    codes, expected = images(30)
    assert classified(session, codes) == expected
    assert session.counters.faults == 0


@pytest.mark.parametrize("cycles", [4, 16, 69.4])
def test_another_rate_gives_no_answer(board, cycles):
    board.set_bit(cycles)
    with pytest.raises(LinkError, match=r"^(no answer, but|the board does not answer)"):
        Session(SimulatedLine(board), seed=0)


def test_a_session_that_is_dropped_leaves_nothing_behind(board):
    codes, expected = images(30)
    for dropped in range(1, 12, 3):
        answers = Session(SimulatedLine(board), seed=dropped).run(codes)
        for _ in range(dropped):
            next(answers)
        board.unplug()
    assert classified(Session(SimulatedLine(board), seed=0), codes) == expected


def test_bytes_that_are_lost_are_counted(board):
    session = Session(SimulatedLine(board), seed=0)
    for seq in range(400):  # whose answers are longer
        board.send(frame(bytes([2, seq % 256, seq // 256, 0])))
    while not board.sent:
        board.run(10_000)
    board.run(1_000_000)
    answered = [body for body in Deframer().feed(board.receive()) if body[0] == 0x82]
    assert session.read("OVERRUNS") > 0
    assert session.read("FRAMES_BAD") > 0
    assert session.read("ERRORS") == session.write("ERRORS", 0) == 0b11
    assert session.write("ERRORS", 0b11) == 0
    assert 200 < len(answered) < 400
    codes, expected = images(5)
    assert classified(session, codes) == expected


def test_a_model_is_compiled_once(plan, library):
    stamp = library.stat().st_mtime_ns
    assert compile_board(plan, library.parent, clock_mhz=CLOCK_MHZ) == library
    assert library.stat().st_mtime_ns == stamp


def test_its_time_is_the_same_each_time(library):
    codes, _ = images(5)
    cycles = []
    for _ in range(2):
        with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board:
            classified(Session(SimulatedLine(board), seed=3), codes)
            cycles.append(board.cycles)
    assert cycles[0] == cycles[1]
