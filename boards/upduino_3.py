"""tinyVision UPduino 3."""

from amaranth.build import Attrs
from amaranth_boards.resources import LEDResources, UARTResource
from amaranth_boards.upduino_v3 import UpduinoV3Platform

from threefold.fpga.ice40 import ICE40UP5K, ICE40CorePLL

from .board import Board

__all__ = ["UPDUINO_3"]

_ATTRS = Attrs(IO_STANDARD="SB_LVCMOS")


class _Platform(UpduinoV3Platform):
    # Through the jumper "OSC"; the oscillator inside the FPGA is too inexact for a serial line.
    default_clk = "clk12"


UPDUINO_3 = Board(
    name="upduino_3",
    title="tinyVision UPduino 3",
    device=ICE40UP5K,
    platform=_Platform,
    base_mhz=12,
    clock_mhz=30,
    leds=3,
    resources=(
        *LEDResources(pins="39 40 41", invert=True, attrs=_ATTRS),
        # Lines of the USB bridge that also lead to the flash.
        UARTResource(0, rx="15", tx="14", attrs=_ATTRS),
    ),
    loader="ice40_generic",
    pll_type=ICE40CorePLL,
)
