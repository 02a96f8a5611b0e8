"""Lattice iCE40-HX8K breakout board."""

from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

from threefold.fpga.ice40 import ICE40HX8K, ICE40CorePLL

from .board import Board
from .flash import Flash

__all__ = ["HX8K_B_EVN"]

HX8K_B_EVN = Board(
    name="hx8k_b_evn",
    title="Lattice iCE40HX8K-B-EVN",
    device=ICE40HX8K,
    platform=ICE40HX8KBEVNPlatform,
    base_mhz=12,
    clock_mhz=48,
    leds=8,
    loader="ice40_generic",
    flash=Flash(offset=0x100000),
    pll_type=ICE40CorePLL,
)
