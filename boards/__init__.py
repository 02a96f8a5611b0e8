"""Boards: what they hold, how they make a clock, and what surrounds an accelerator on them."""

from .board import BOARDS, Board, get
from .bridge import UARTBridge
from .clock import ClockGenerator
from .serial import BAUD, CODE_BITS, FIFO_BYTES
from .top import BoardTop

__all__ = [
    "BAUD",
    "BOARDS",
    "CODE_BITS",
    "FIFO_BYTES",
    "Board",
    "BoardTop",
    "ClockGenerator",
    "UARTBridge",
    "get",
]
