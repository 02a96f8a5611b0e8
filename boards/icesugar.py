"""MuseLab iCESugar."""

from amaranth_boards.icesugar import ICESugarPlatform

from threefold.fpga.ice40 import ICE40UP5K

from .board import Board
from .flash import Flash

__all__ = ["ICESUGAR"]

ICESUGAR = Board(
    name="icesugar",
    title="MuseLab iCESugar",
    device=ICE40UP5K,
    platform=ICESugarPlatform,
    base_mhz=12,
    clock_mhz=30,
    leds=3,
    flash=Flash(offset=0x100000),
)
