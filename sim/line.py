"""Simulated line: the transport between a host and a simulated board."""

import math

from .board import CYCLES_A_BIT, SimulatedBoard

__all__ = ["SimulatedLine"]


class SimulatedLine:
    """Line to a simulated board, a :class:`threefold.host.transport.Transport`.

    Its time is that of the board, so that what happens is the same each time.

    Parameters
    ----------
    board : SimulatedBoard
    latency : int
        Cycles that an answer may take besides those on the line.
    """

    def __init__(self, board: SimulatedBoard, *, latency: int = 4000):
        self._board = board
        self._latency = latency
        self._second = board.clock_mhz * 1e6  # in cycles

    @property
    def board(self) -> SimulatedBoard:
        """The board."""
        return self._board

    @property
    def byte_seconds(self) -> float:
        """Time that a byte takes on the line, in seconds."""
        return 10 * CYCLES_A_BIT / self._second

    @property
    def latency(self) -> float:
        """Time that an answer may take besides that on the line, in seconds."""
        return self._latency / self._second

    def now(self) -> float:
        """Time since the start of the board, in seconds."""
        return self._board.cycles / self._second

    def write(self, line: bytes) -> None:
        """Send bytes."""
        self._board.send(line)

    def read(self, seconds: float) -> bytes:
        """Bytes that have come, as soon as there is one, or none after a time."""
        self._board.run(math.ceil(seconds * self._second), until_received=True)
        return self._board.receive()
