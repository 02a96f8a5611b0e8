"""Host: what talks to an accelerator on a board, without what generates it."""

from .board import Board
from .counters import Counters
from .flight import Flight
from .frames import Deframer, Rejected, frame
from .scheduler import Scheduler
from .session import Session
from .transport import SerialPort, Transport

__all__ = [
    "Board",
    "Counters",
    "Deframer",
    "Flight",
    "Rejected",
    "Scheduler",
    "SerialPort",
    "Session",
    "Transport",
    "frame",
]
