"""Cologne Chip GateMate evaluation board."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth_boards.resources import LEDResources, UARTResource

from threefold.fpga.gatemate import CCGM1A1

from .board import Board
from .platforms.gatemate import PeppercornPlatform

__all__ = ["GATEMATE_EVB"]


class _Platform(PeppercornPlatform):
    device = "CCGM1A1"
    default_clk = "clk10"
    resources = (
        Resource(
            "clk10",
            0,
            Pins("IO_SB_A8", dir="i"),
            Clock(10e6),
            Attrs(SCHMITT_TRIGGER="true"),
        ),
        *LEDResources(pins=" ".join(f"IO_EB_B{n}" for n in range(1, 9)), invert=True),
        # A Pmod USBUART at PMODA.
        UARTResource(0, rx="IO_NB_A2", tx="IO_NB_A1"),
    )
    connectors = ()


GATEMATE_EVB = Board(
    name="gatemate_evb",
    title="Cologne Chip GateMate EVB",
    device=CCGM1A1,
    platform=_Platform,
    base_mhz=10,
    clock_mhz=25,
    leds=8,
    loader="gatemate_evb_jtag",
)
