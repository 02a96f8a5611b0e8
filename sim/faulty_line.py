"""Faulty line: a simulated line on which one thing goes wrong."""

import random
from collections.abc import Callable

from threefold.host.frames import FLAG, frame

from .board import CYCLES_A_BIT
from .line import SimulatedLine

__all__ = ["FAULTS", "FaultyLine", "UnpluggedError"]

_BYTE = 10 * CYCLES_A_BIT  # cycles


class UnpluggedError(Exception):
    """The host's program has ended, or its plug was pulled."""


class FaultyLine(SimulatedLine):
    """Line with a fault, once it is armed, at some byte in one direction.

    Parameters
    ----------
    board : SimulatedBoard
    seed : int
        Seed of all that is random about faults.
    """

    def __init__(self, board, *, seed: int):
        super().__init__(board)
        self._random = random.Random(seed)
        _, self._fault = FAULTS["stall"]
        self._left = {"write": -1, "read": -1}
        self.happened = False

    def arm(self, name: str, *, within: int) -> None:
        """Let one of :data:`FAULTS` happen at one of the next ``within`` bytes."""
        direction, fault = FAULTS[name]
        self._fault = fault
        self._left[direction] = self._random.randrange(within)
        self.happened = False

    def disarm(self) -> None:
        """Let nothing happen any more."""
        self._left = dict.fromkeys(self._left, -1)

    def write(self, line: bytes) -> None:
        """Send bytes, one frame or flag at a time."""
        at = self._reached("write", line)
        if at is None:
            super().write(line)
        else:
            self._fault(self, line, at, self._random)

    def read(self, seconds: float) -> bytes:
        """Bytes that have come; see :class:`SimulatedLine`."""
        line = super().read(seconds)
        at = self._reached("read", line)
        return line if at is None else self._fault(self, line, at, self._random)

    def _reached(self, direction: str, line: bytes) -> int | None:
        left = self._left[direction]
        if left < 0:
            return None
        if left >= len(line):
            self._left[direction] -= len(line)
            return None
        self._left[direction] = -1
        self.happened = True
        return left


def _flip(line: bytes, at: int, rng: random.Random) -> bytes:
    return line[:at] + bytes([line[at] ^ 1 << rng.randrange(8)]) + line[at + 1 :]


def _burst(line: bytes, at: int, rng: random.Random) -> bytes:
    end = at + rng.randrange(2, 9)
    return line[:at] + rng.randbytes(len(line[at:end])) + line[end:]


def _drop(line: bytes, at: int, rng: random.Random) -> bytes:
    return line[:at] + line[at + 1 :]


def _double(line: bytes, at: int, rng: random.Random) -> bytes:
    return line[: at + 1] + line[at:]


def _insert(line: bytes, at: int, rng: random.Random) -> bytes:
    return line[:at] + rng.randbytes(rng.randrange(1, 20)) + line[at:]


def _truncate(line: bytes, at: int, rng: random.Random) -> bytes:
    end = line.find(FLAG, at)
    return line[:at] + (line[end:] if end >= 0 else b"")


def _drop_frame(line: bytes, at: int, rng: random.Random) -> bytes:
    return b""


def _double_frame(line: bytes, at: int, rng: random.Random) -> bytes:
    return line + line


def _abort(line: bytes, at: int, rng: random.Random) -> bytes:
    return line[:at] + b"\x7d\x7e" + line[at:]


_IN_BYTES = {
    "flipped bit": _flip,
    "burst of noise": _burst,
    "dropped byte": _drop,
    "doubled byte": _double,
    "random bytes": _insert,
    "truncated frame": _truncate,
    "aborted frame": _abort,
}


def _to_board(change: Callable) -> Callable:
    def happen(line: FaultyLine, sent: bytes, at: int, rng: random.Random) -> None:
        line.board.send(change(sent, at, rng))

    return happen


def _from_board(change: Callable) -> Callable:
    def happen(line: FaultyLine, came: bytes, at: int, rng: random.Random) -> bytes:
        return change(came, at, rng)

    return happen


def _between(act: Callable[[FaultyLine, random.Random], None]) -> Callable:
    """A fault between two bytes, or in the middle of one, while all before it has been sent."""

    def happen(line: FaultyLine, sent: bytes, at: int, rng: random.Random) -> None:
        line.board.send(sent[:at])
        while not line.board.sent:
            line.board.run(_BYTE)
        line.board.send(sent[at : at + 1])
        line.board.run(rng.randrange(_BYTE))
        act(line, rng)
        line.board.send(sent[at + 1 :])

    return happen


def _stall(line: FaultyLine, rng: random.Random) -> None:
    line.board.run(rng.randrange(100 * _BYTE))


def _glitch(line: FaultyLine, rng: random.Random) -> None:
    line.board.disturb(rng.randrange(1, _BYTE))


def _break(line: FaultyLine, rng: random.Random) -> None:
    line.board.run(2 * _BYTE)
    line.board.disturb(rng.randrange(_BYTE, 20 * _BYTE))
    line.board.run(20 * _BYTE)


def _reset(line: FaultyLine, rng: random.Random) -> None:
    line.board.reset()


def _no_stop(line: FaultyLine, rng: random.Random) -> None:
    line.board.send(rng.randbytes(rng.randrange(1, 4)), stop=False)


def _other_rate(line: FaultyLine, rng: random.Random) -> None:
    line.board.set_bit(rng.choice((2, 4, 5.5, 6.5, 9.5, 12, 16, 69.4)))
    line.board.send(frame(rng.randbytes(rng.randrange(1, 30))))
    while not line.board.sent:
        line.board.run(_BYTE)
    line.board.set_bit(CYCLES_A_BIT)


def _flood(line: FaultyLine, rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 100)):
        line.board.send(frame(bytes([2]) + rng.randbytes(2) + bytes([rng.randrange(32)])))


def _unplug(line: FaultyLine, rng: random.Random) -> None:
    line.board.unplug()
    raise UnpluggedError


FAULTS: dict[str, tuple[str, Callable]] = {
    **{f"{name}, to the board": ("write", _to_board(do)) for name, do in _IN_BYTES.items()},
    **{f"{name}, to the host": ("read", _from_board(do)) for name, do in _IN_BYTES.items()},
    "dropped frame": ("write", _to_board(_drop_frame)),
    "doubled frame": ("write", _to_board(_double_frame)),
    "stall": ("write", _between(_stall)),
    "glitch": ("write", _between(_glitch)),
    "break": ("write", _between(_break)),
    "missing stop bit": ("write", _between(_no_stop)),
    "other rate": ("write", _between(_other_rate)),
    "flood of questions": ("write", _between(_flood)),
    "reset of the board": ("write", _between(_reset)),
    "disconnect": ("write", _between(_unplug)),
}
"""Faults by name: the direction whose bytes are counted, and what happens."""
