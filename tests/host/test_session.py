"""Sessions with a board that is a few lines of Python, in a time of its own."""

import numpy as np
import pytest

from threefold.errors import DataError, LinkError
from threefold.host import Deframer, Session, frame
from threefold.registers import IDENTITY, REGISTERS, VERSION

WORDS = {
    "ID": IDENTITY,
    "VERSION": VERSION,
    "DIGEST": 0xABCD0123,
    "INPUTS": 3,
    "OUTPUTS": 1,
    "FORMAT": REGISTERS["FORMAT"].pack(input_bits=8, output_bits=12, output_signed=1),
    "CLASSES": 1,
    "CLOCK": 30_000_000,
    "WINDOW": 4,
}


class FakeBoard:
    """Board that sums the codes of an image, negated; ``busy`` is what STATUS tells."""

    byte_seconds, latency = 1e-3, 0.1

    def __init__(self, *, silent=(), busy=0, noise=b"", batch=1, **words):
        self.words = WORDS | words
        self.batch, self._held = batch, []
        self.silent = set(silent)  # places of frames that are not answered
        self.busy, self.noise = busy, noise
        self.frames, self.seconds = 0, 0.0
        self.most, self.unanswered = 0, 0
        self.numbers = []  # of images
        self._deframer, self._out = Deframer(), b""

    def now(self):
        return self.seconds

    def write(self, line):
        for body in self._deframer.feed(line):
            self.frames += 1
            self.unanswered += body[0] == 1
            self.numbers += [int.from_bytes(body[1:3], "little")] if body[0] == 1 else []
            self.most = max(self.most, self.unanswered)
            if self.frames in self.silent or self.silent == {"all"}:
                continue
            self._out += self._answer(body)

    def _answer(self, body):
        kind, seq, rest = body[0], body[1:3], body[3:]
        if kind == 1:
            total = -sum(rest)
            self._held.append(frame(b"\x81" + seq + total.to_bytes(2, "little", signed=True)))
            if len(self._held) < self.batch:
                return b""
            answers, self._held = b"".join(self._held), []
            return answers
        name = next(name for name, register in REGISTERS.items() if register.word == rest[0])
        value = {"CONTROL": 1, "STATUS": self.busy or bool(self._held)}.get(
            name, self.words.get(name, 0)
        )
        return frame(b"\x82" + seq + rest[:1] + value.to_bytes(4, "little"))

    def read(self, seconds):
        came, self._out, self.noise = self.noise + self._out[:20], self._out[20:], b""
        self.seconds += seconds if not came else len(came) * self.byte_seconds
        self.unanswered -= came.count(b"\x81")
        return came


IMAGES = np.arange(33).reshape(11, 3) % 100
SUMS = [[-int(total)] for total in IMAGES.sum(axis=1)]


def in_batches(batch, **options):
    form = REGISTERS["FORMAT"].unpack(WORDS["FORMAT"]) | {"batch": batch - 1}
    return FakeBoard(batch=batch, FORMAT=REGISTERS["FORMAT"].pack(**form), **options)


@pytest.mark.parametrize("count", [1, 4, 7, 11])
@pytest.mark.parametrize("batch", [2, 3, 4])
def test_the_last_image_fills_a_batch(batch, count):
    board = in_batches(batch)
    session = Session(board)
    assert session.board.batch == batch
    found = sorted(session.run(IMAGES[:count]))
    assert found == list(enumerate(SUMS[:count]))
    assert len(board.numbers) == -(-count // batch) * batch
    assert (session.counters.late, session.counters.strange) == (0, 0)


@pytest.mark.parametrize("lost", range(12, 24))
def test_batches_are_full_although_an_image_was_lost(lost):
    board = in_batches(4, silent={lost})
    session = Session(board)
    assert sorted(session.run(IMAGES)) == list(enumerate(SUMS))


def test_images_are_answered_within_the_window():
    board = FakeBoard()
    session = Session(board, digest=0xABCD0123, seed=0)
    results = dict(session.run(IMAGES))
    assert [results[index] for index in range(11)] == SUMS
    assert (session.counters.images, session.counters.faults) == (11, 0)
    assert board.most <= 4


@pytest.mark.parametrize(
    "lost", [{1}, {3}, {11}, {12, 13}, {14, 15, 16, 17}, {21}, set(range(11, 15))]
)
def test_what_is_not_answered_is_sent_again(lost):
    session = Session(FakeBoard(silent=lost), seed=0)
    results = dict(session.run(IMAGES))
    assert [results[index] for index in range(11)] == SUMS
    assert session.counters.lost > 0
    assert session.counters.sent >= 11


def test_noise_before_the_answer_is_dropped_and_counted():
    session = Session(FakeBoard(noise=b"noise\x7e" + frame(b"\x82\0\0\1\0\0\0\0")), seed=0)
    assert (session.counters.bad, session.counters.strange) == (1, 1)


@pytest.mark.parametrize(
    ("board", "message"),
    [
        (
            FakeBoard(silent={"all"}),
            "the board does not answer; is it the right port, is the bitstream flashed, and was it "
            "built for this --baud?",
        ),
        (
            FakeBoard(silent={"all"}, noise=b"\xff\xfe\x80"),
            "no answer, but 3 bytes that are no frames; was the bitstream built for another "
            "--baud, or is it another port?",
        ),
        (FakeBoard(ID=5), "the board says it is 0x00000005, which is no accelerator"),
        (
            FakeBoard(VERSION=9 << 16),
            "the board has registers of version 9, not 1; build its bitstream again, or install "
            "the version of Threefold that built it",
        ),
        (
            FakeBoard(DIGEST=0x12),
            "the board has another network, 00000012 instead of abcd0123; flash the bitstream of "
            "this one, or name that one with --network",
        ),
    ],
)
def test_no_board_or_another_one(board, message):
    with pytest.raises(LinkError) as caught:
        Session(board, digest=0xABCD0123, seed=0)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 2), int), "the board takes images of 3 codes, not 2"),
        (np.zeros((0, 2), int), "the board takes images of 3 codes, not 2"),
        (np.zeros((1, 3)), "the board takes input codes, which are integers, not float64"),
        ([[0, 1, 256]], "the board takes codes 0…255, not 0…256"),
        ([[-1, 1, 2]], "the board takes codes 0…255, not -1…2"),
    ],
)
def test_images_that_the_board_does_not_take(images, message):
    session = Session(FakeBoard(), seed=0)
    with pytest.raises(DataError) as caught:
        next(session.run(images))
    assert str(caught.value) == message


def test_no_images_have_no_results():
    assert list(Session(FakeBoard(), seed=0).run(np.zeros((0, 3), int))) == []


def test_answers_of_a_run_that_was_left_are_none_of_the_next():
    board = FakeBoard()
    session = Session(board, seed=0)
    next(session.run(IMAGES))
    results = dict(session.run(IMAGES[::-1]))
    assert [results[index] for index in range(11)] == SUMS[::-1]
    assert session.counters.strange == 3
    assert np.all(np.diff(board.numbers) % (1 << 16) == 1)


def test_a_board_that_works_on_gets_time_and_then_up():
    board = FakeBoard(busy=1)
    session, answered = Session(board, seed=0), board._answer
    board._answer = lambda body: b"" if body[0] == 1 else answered(body)
    with pytest.raises(LinkError, match=r"^the board answers, but gives no results; reset it$"):
        list(session.run(IMAGES[:1]))
    assert board.seconds > 127 * board.latency
    assert session.counters.sent == 1
