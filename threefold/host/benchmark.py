"""Benchmarks: images that a board's SDRAM holds, run from there, and what was measured."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import DataError, LinkError
from ..registers.benchmark import BENCHMARK, RESULT_WORDS
from .image_set import BURST_BYTES, bytes_of
from .session import Session

__all__ = ["Measurement", "load_set", "measure", "set_of", "sum_of"]

_TRIES = 6
_PATIENCE = 40  # times the latency of the line, without a result
_HEAD_BYTES, _CRC_BYTES = 12, 4
_MOST_IMAGES, _MOST_ROUNDS = (1 << 24) - 1, (1 << 16) - 1
_ALL_ONES = (1 << 32) - 1
_POLYNOMIAL = 0xEDB88320


@dataclass(frozen=True)
class Measurement:
    """Results of a run, and its counters.

    Attributes
    ----------
    results : list of list of int
        Output elements of each image, of the last round.
    rounds : int
        How often the images were run.
    cycles : int
        From the first input beat of the run to its last output beat.
    first : int
        The same to the last output beat of the first image.
    stalls : int
        Cycles in which the accelerator waited for the SDRAM.
    alike : bool
        Whether all rounds gave the results of the last, as the sum of all their bytes tells.
    """

    results: list[list[int]]
    rounds: int
    cycles: int
    first: int
    stalls: int
    alike: bool

    @property
    def images(self) -> int:
        """Images that were run, those of all rounds."""
        return len(self.results) * self.rounds

    @property
    def interval(self) -> float:
        """Cycles between two images on average; not a number for a single one."""
        apart = self.images - 1
        return (self.cycles - self.first) / apart if apart else float("nan")


def set_of(session: Session, images: np.ndarray) -> bytes:
    """Bytes of a set of images, as they are loaded.

    Parameters
    ----------
    session : Session
        With a board that has a benchmark.
    images : array of int, shape (images, inputs)
        Input codes.

    Raises
    ------
    DataError
        If the board takes other images, or its SDRAM has no room for them and their results.
    LinkError
        If the board has no benchmark, or does not answer.
    """
    board = session.board
    if not board.benchmark:
        raise LinkError(
            "the board's bitstream has no benchmark; build it again with --benchmark, and flash it"
        )
    codes = board.codes(images)
    if not 1 <= len(codes) <= _MOST_IMAGES:
        raise DataError(f"a benchmark has 1 to {_MOST_IMAGES:,} images, not {len(codes):,}")
    form = BENCHMARK["TEST_FORMAT"].unpack(session.read("TEST_FORMAT"))
    made = bytes_of(codes, bits=board.input_bits, lanes=form["lanes"])
    needed = len(made) - _HEAD_BYTES - _CRC_BYTES + len(codes) * board.result_bytes
    if -(-needed // BURST_BYTES) > 1 << form["size"]:
        raise DataError(
            f"{len(codes):,} images and their results take {needed:,} bytes, and the board's SDRAM "
            f"holds {BURST_BYTES << form['size']:,}; run fewer, --limit"
        )
    return made


def load_set(session: Session, made: bytes, progress: Callable[[int], None] | None = None) -> bool:
    """Load a set of images unless it is there; whether it had to be.

    Parameters
    ----------
    session : Session
    made : bytes
        As of :func:`set_of`.
    progress : callable, optional
        Told how many bytes the board has taken, again and again.

    Raises
    ------
    LinkError
        If the board does not take it, or does not answer.
    """
    crc = int.from_bytes(made[-_CRC_BYTES:], "little")
    if session.read("TEST_SET") == crc:
        return False
    for _ in range(_TRIES):
        session.write("TEST", 0)  # gives up one of which some has come
        session.forget()
        session.write("TEST", BENCHMARK["TEST"].pack(load=1))
        session.pour(made, lambda: session.read("TEST_STATUS") >> 8, progress)
        session.write("TEST", 0)
        if session.read("TEST_SET") == crc:
            return True
        session.counters.lost += 1
    raise LinkError(
        f"the images were damaged on the line {_TRIES} times; build with fewer --baud, or try "
        f"another cable"
    )


def measure(session: Session, images: int, rounds: int = 1) -> Measurement:
    """Run the images that are in the SDRAM, and read results and counters.

    Parameters
    ----------
    session : Session
    images : int
        Images of the set that was loaded.
    rounds : int
        How often to run them, one behind the other.

    Raises
    ------
    DataError
        If there are too many rounds.
    LinkError
        If the board gives no results, does not answer, or there are more cycles than it counts.
    """
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise DataError(f"images are run 1 to {_MOST_ROUNDS:,} times, not {rounds:,}")
    session.write("TEST_IMAGES", images)
    session.write("TEST_ROUNDS", rounds)
    session.write("TEST", BENCHMARK["TEST"].pack(run=1))
    _wait(session)
    told = _results(session, images * session.board.result_bytes)
    cycles = session.read("TEST_CYCLES")
    if cycles == _ALL_ONES:
        raise LinkError(f"the run took more cycles than the board counts, {cycles:,}; run fewer")
    size = session.board.result_bytes
    return Measurement(
        [session.board.result(told[at : at + size]) for at in range(0, len(told), size)],
        rounds,
        cycles,
        session.read("TEST_FIRST"),
        session.read("TEST_STALLS"),
        session.read("TEST_SUM") == sum_of(told, rounds),
    )


def _wait(session: Session) -> None:
    """Wait until all results are there; results that stay away are an error."""
    line, seen = session.transport, -1
    patience = _PATIENCE * line.latency
    deadline = line.now() + patience
    while BENCHMARK["TEST_STATUS"].unpack(session.read("TEST_STATUS"))["busy"]:
        cycles = session.read("TEST_CYCLES")
        if cycles != seen:
            seen, deadline = cycles, line.now() + patience
        elif line.now() >= deadline and cycles != _ALL_ONES:
            raise LinkError("the board has begun a benchmark, but gives no results; reset it")


def _results(session: Session, count: int) -> bytes:
    """Bytes of results that the SDRAM holds."""
    told = bytearray()
    while len(told) < count:
        session.write("TEST_BURST", len(told) // BURST_BYTES)
        for word in range(RESULT_WORDS):
            told += session.read(f"TEST_WORD{word}").to_bytes(4, "little")
    return bytes(told[:count])


def sum_of(told: bytes, rounds: int = 1) -> int:
    """What ``TEST_SUM`` is, after some rounds of the same results.

    Parameters
    ----------
    told : bytes
        Results of a round.
    rounds : int

    Examples
    --------
    >>> hex(sum_of(bytes([1, 2]))), sum_of(bytes(5))
    ('0xedb88322', 0)
    """
    total = 0
    for _ in range(rounds):
        for byte in told:
            total = total >> 1 ^ (_POLYNOMIAL if total & 1 else 0) ^ byte
    return total
