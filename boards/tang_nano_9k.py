"""Sipeed Tang Nano 9K."""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from threefold.fpga.gowin import GW1NR_9C

from .board import Board
from .platforms.gowin import ApiculaPlatform

__all__ = ["TANG_NANO_9K"]


class _Platform(ApiculaPlatform, TangNano9kPlatform):
    chip = "GW1N-9C"


TANG_NANO_9K = Board(
    name="tang_nano_9k",
    title="Sipeed Tang Nano 9K",
    device=GW1NR_9C,
    platform=_Platform,
    base_mhz=27,
    clock_mhz=54,
    leds=6,
    loader="tangnano9k",
)
