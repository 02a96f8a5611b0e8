"""Simulated port: a pseudo-terminal behind which a simulated board is."""

import contextlib
import os
import pty
import select
import threading
import tty

from .board import SimulatedBoard

__all__ = ["SimulatedPort"]

_SLICE = 4000  # cycles between two looks at the terminal
_QUIET = 0.01  # seconds to wait for a host that says nothing, while the board has nothing to do


class SimulatedPort:
    """Pseudo-terminal to which a simulated board is connected while the block lasts.

    The board runs in a thread, as fast as it can, and waits while there is nothing to do.

    Parameters
    ----------
    board : SimulatedBoard
    """

    def __init__(self, board: SimulatedBoard):
        self._board = board
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        for end in (self._ours, self._theirs):
            os.close(end)

    @property
    def name(self) -> str:
        """Path of the terminal, which a host opens as a serial port."""
        return os.ttyname(self._theirs)

    def _serve(self) -> None:
        board, rests = self._board, 0
        while not self._end.is_set():
            works = board.busy or not board.sent
            rests = 0 if works else rests + 1
            readable, _, _ = select.select([self._ours], [], [], _QUIET if rests > 1 else 0)
            if readable:
                board.send(os.read(self._ours, 1 << 12))
            elif rests > 1:  # what is between the parts of the board has moved on as well
                continue
            board.run(_SLICE)
            if told := board.receive():
                with contextlib.suppress(BlockingIOError):  # nobody reads
                    os.write(self._ours, told)
