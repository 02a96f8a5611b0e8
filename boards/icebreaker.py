"""1BitSquared iCEBreaker."""

from amaranth_boards.icebreaker import ICEBreakerPlatform

from threefold.fpga.ice40 import ICE40UP5K

from .board import Board
from .flash import Flash

__all__ = ["ICEBREAKER"]

ICEBREAKER = Board(
    name="icebreaker",
    title="1BitSquared iCEBreaker",
    device=ICE40UP5K,
    platform=ICEBreakerPlatform,
    base_mhz=12,
    clock_mhz=30,
    leds=2,
    loader="ice40_generic",
    flash=Flash(offset=0x100000),
)
