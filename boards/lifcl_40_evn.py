"""Lattice CrossLink-NX evaluation board."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth_boards.resources import LEDResources, UARTResource

from threefold.fpga.nexus import LIFCL_40

from .board import Board
from .platforms.nexus import OxidePlatform

__all__ = ["LIFCL_40_EVN"]

_ATTRS = Attrs(IO_TYPE="LVCMOS33")


class _Platform(OxidePlatform):
    device = "LIFCL-40"
    package = "BG400"
    speed = "9"
    default_clk = "clk12"
    resources = (
        Resource("clk12", 0, Pins("L13", dir="i"), Clock(12e6), _ATTRS),
        *LEDResources(pins="E17 F13 G13 F14 L16 L15 L20 L19", invert=True, attrs=_ATTRS),
        UARTResource(0, rx="F16", tx="F18", attrs=_ATTRS),
    )
    connectors = ()


LIFCL_40_EVN = Board(
    name="lifcl_40_evn",
    title="Lattice LIFCL-40-EVN",
    device=LIFCL_40,
    platform=_Platform,
    base_mhz=12,
    clock_mhz=12,
    leds=8,
    loader="crosslinknx_evn",
)
