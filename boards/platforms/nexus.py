"""Platform of Lattice Nexus FPGAs, built with nextpnr and Project Oxide."""

from amaranth.vendor import LatticePlatform

from threefold.fpga import Flow
from threefold.fpga.nexus import NEXUS

from .flow import FlowPlatform

__all__ = ["OxidePlatform"]


class OxidePlatform(FlowPlatform, LatticePlatform):
    """Nexus platform whose carry chains nextpnr takes; it does not take those of Amaranth's."""

    @property
    def flow(self) -> Flow:
        return NEXUS.flow

    @property
    def constraints(self):
        return {"{{name}}.pdc": self._oxide_file_templates["{{name}}.pdc"]}

    @property
    def nextpnr_command(self):
        part = "{{platform.device}}-{{platform.speed}}{{platform.package}}{{platform.grade}}"
        return (
            f"--device {part}"
            + """
                --router router1
                --pdc {{name}}.pdc
                --fasm {{name}}.fasm"""
        )

    @property
    def packer_command(self):
        return "pack {{name}}.fasm {{name}}.bit"
