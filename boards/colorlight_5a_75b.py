"""Colorlight 5A-75B of revision 7.0, a receiver card for LED walls."""

from amaranth.build import Attrs, Pins, PinsN, Resource, Subsignal
from amaranth_boards.colorlight_5a75b_r7_0 import Colorlight_5A75B_R70Platform

from threefold.fpga.ecp5 import LFE5U_25F

from .board import Board
from .flash import Flash

__all__ = ["COLORLIGHT_5A_75B"]

COLORLIGHT_5A_75B = Board(
    name="colorlight_5a_75b",
    title="Colorlight 5A-75B r7.0",
    device=LFE5U_25F,
    platform=Colorlight_5A75B_R70Platform,
    base_mhz=25,
    clock_mhz=75,
    leds=0,  # the pin of its only one is the line that sends
    loader="colorlight",
    resources=(
        Resource(  # the platform has the two lines of data exchanged
            "program_flash",
            0,
            Subsignal("cs", PinsN("N8", dir="o")),
            Subsignal("copi", Pins("T8", dir="o")),
            Subsignal("cipo", Pins("T7", dir="i")),
            Attrs(IO_TYPE="LVCMOS33"),
        ),
    ),
    flash=Flash(offset=0x200000, resource="program_flash"),
)
