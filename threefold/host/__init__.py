"""Host: what talks to an accelerator on a board, without what generates it."""

from .flight import Flight
from .frames import Deframer, Rejected, frame
from .session import Board, Counters, Session
from .transport import SerialPort, Transport

__all__ = [
    "Board",
    "Counters",
    "Deframer",
    "Flight",
    "Rejected",
    "SerialPort",
    "Session",
    "Transport",
    "frame",
]
