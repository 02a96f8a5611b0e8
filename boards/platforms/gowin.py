"""Platform of Gowin FPGAs, built with nextpnr and the tools of Project Apicula."""

from typing import ClassVar

from amaranth.vendor import GowinPlatform

from threefold.fpga import Flow
from threefold.fpga.gowin import GOWIN

from .flow import FlowPlatform

__all__ = ["ApiculaPlatform"]


class ApiculaPlatform(FlowPlatform, GowinPlatform):
    """Gowin platform with ``nextpnr-himbaechel-gowin``; Amaranth calls its retired predecessor.

    A board's platform inherits from this class and, behind it, from one of Amaranth's.
    """

    chip: ClassVar[str]
    """Name of the device in Project Apicula, such as ``"GW1N-9C"``."""

    pins_as_io: ClassVar[tuple[str, ...]] = ()
    """Pins of configuration that a design may use, such as ``"sspi"``."""

    @property
    def flow(self) -> Flow:
        return GOWIN.flow

    @property
    def device(self) -> str:
        """Name of the device by its maker."""
        return self.family

    @property
    def constraints(self):
        return self._common_file_templates

    @property
    def nextpnr_command(self):
        return """--device {{platform.part}}
                --vopt family={{platform.chip}}
                --vopt cst={{name}}.cst"""

    @property
    def packer_command(self):
        return """-d {{platform.chip}}
                -o {{name}}.fs
                {{get_override("gowin_pack_opts")|options}}
                {{name}}.placed.json"""
