"""Generic family: portable Verilog for any FPGA."""

from dataclasses import replace

from .ice40 import ICE40

__all__ = ["GENERIC"]

GENERIC = replace(
    ICE40,
    name="generic",
    title="generic",
    single_port=None,
    ram_styles={"block": "block"},
    memory_gives_late=True,
    complement_takes_luts=False,
    tools=None,
    pll=None,
)
"""A family without primitive cells, tools or devices.

Memories go where they would on the smallest family, iCE40, whose figures decide whatever has to be
the same for all families. Registers follow block RAM, as larger FPGAs need them.
"""
