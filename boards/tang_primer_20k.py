"""Sipeed Tang Primer 20K on its dock."""

from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform

from threefold.fpga.gowin import GW2A_18C

from .board import Board
from .platforms.gowin import ApiculaPlatform

__all__ = ["TANG_PRIMER_20K"]


class _Platform(ApiculaPlatform, TangPrimer20kDockPlatform):
    chip = "GW2A-18C"


TANG_PRIMER_20K = Board(
    name="tang_primer_20k",
    title="Sipeed Tang Primer 20K",
    device=GW2A_18C,
    platform=_Platform,
    base_mhz=27,
    clock_mhz=81,
    leds=6,
    loader="tangprimer20k",
)
