"""Core: an accelerator's Verilog, and what other people's flows need around it."""

from .bus import BUSES, core_name, describe_bus, require_bus
from .description import describe
from .files import write_core
from .testbench import verilog_testbench
from .texts import csr_json, fusesoc_core, header_comment, instance, ports_json
from .waivers import waivers

__all__ = [
    "BUSES",
    "core_name",
    "csr_json",
    "describe",
    "describe_bus",
    "fusesoc_core",
    "header_comment",
    "instance",
    "ports_json",
    "require_bus",
    "verilog_testbench",
    "waivers",
    "write_core",
]
