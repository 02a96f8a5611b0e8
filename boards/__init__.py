"""Boards: what they hold, how they make a clock, and what surrounds an accelerator on them."""

from .board import BOARDS, Board, get
from .bridge import UARTBridge
from .clock import ClockGenerator
from .top import BoardTop

__all__ = ["BOARDS", "Board", "BoardTop", "ClockGenerator", "UARTBridge", "get"]
