"""Radiona ULX3S, which is made with ECP5s of four sizes."""

from collections.abc import Callable

from amaranth.build import Platform
from amaranth_boards.ulx3s import (
    ULX3S_12F_Platform,
    ULX3S_25F_Platform,
    ULX3S_45F_Platform,
    ULX3S_85F_Platform,
)

from threefold.fpga import Device
from threefold.fpga.ecp5 import LFE5U_12F, LFE5U_25F, LFE5U_45F, LFE5U_85F

from .board import Board
from .flash import Flash
from .sdram import AS4C16M16SA_7

__all__ = ["ULX3S_12F", "ULX3S_25F", "ULX3S_45F", "ULX3S_85F"]


def _board(device: Device, platform: Callable[[], Platform]) -> Board:
    size = device.name.removeprefix("LFE5U-")
    return Board(
        name=f"ulx3s_{size.lower()}",
        title=f"Radiona ULX3S {size}",
        device=device,
        platform=platform,
        base_mhz=25,
        clock_mhz=75,
        leds=8,
        loader="ulx3s",
        flash=Flash(offset=0x400000, resource="spi_flash"),
        # Boards may have that of another maker.
        sdram=AS4C16M16SA_7,
    )


ULX3S_12F = _board(LFE5U_12F, ULX3S_12F_Platform)
ULX3S_25F = _board(LFE5U_25F, ULX3S_25F_Platform)
ULX3S_45F = _board(LFE5U_45F, ULX3S_45F_Platform)
ULX3S_85F = _board(LFE5U_85F, ULX3S_85F_Platform)
