"""Core: an accelerator's Verilog, and what other people's flows need around it."""

from .description import describe, ports_json
from .files import write_core
from .testbench import verilog_testbench
from .texts import fusesoc_core, header_comment, instance
from .waivers import waivers

__all__ = [
    "describe",
    "fusesoc_core",
    "header_comment",
    "instance",
    "ports_json",
    "verilog_testbench",
    "waivers",
    "write_core",
]
