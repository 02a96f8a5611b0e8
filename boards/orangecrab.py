"""OrangeCrab of revision 0.2, which is made with ECP5s of two sizes."""

from collections.abc import Callable

from amaranth.build import Attrs, Platform
from amaranth.vendor import LatticePlatform
from amaranth_boards.orangecrab_r0_2 import (
    OrangeCrabR0_2_25FPlatform,
    OrangeCrabR0_2_85FPlatform,
)
from amaranth_boards.resources import LEDResources, UARTResource

from threefold.fpga import Device
from threefold.fpga.ecp5 import LFE5U_25F, LFE5U_85F

from .board import Board
from .flash import Flash

__all__ = ["ORANGECRAB_25F", "ORANGECRAB_85F"]

_ATTRS = Attrs(IO_TYPE="LVCMOS33")


class _Platform25F(OrangeCrabR0_2_25FPlatform):
    # Without the command that marks the bitstream for dfu-util.
    command_templates = LatticePlatform.command_templates


class _Platform85F(OrangeCrabR0_2_85FPlatform):
    command_templates = LatticePlatform.command_templates


def _board(device: Device, platform: Callable[[], Platform]) -> Board:
    size = device.name.removeprefix("LFE5U-")
    return Board(
        name=f"orangecrab_{size.lower()}",
        title=f"OrangeCrab r0.2 {size}",
        device=device,
        platform=platform,
        base_mhz=48,
        clock_mhz=72,
        leds=3,
        resources=(
            *LEDResources(pins="M3 J3 K4", invert=True, attrs=_ATTRS),  # green, blue, red
            # There is no bridge: pins 0 and 1 of the header.
            UARTResource(0, rx="N17", tx="M18", attrs=_ATTRS),
        ),
        loader="orangeCrab",
        flash=Flash(offset=0x400000),
    )


ORANGECRAB_25F = _board(LFE5U_25F, _Platform25F)
ORANGECRAB_85F = _board(LFE5U_85F, _Platform85F)
