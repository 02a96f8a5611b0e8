"""Waivers: what Verilator's linter says of an accelerator that is a matter of style."""

from ..plan import Plan
from ..plan.file import mark
from .bus import core_name

__all__ = ["waivers"]


def waivers(plan: Plan, bus: str | None = None) -> str:
    """Text of ``NAME.vlt``, for ``verilator --lint-only -Wall NAME.vlt NAME.v``."""
    return _TEXT.format(name=core_name(plan, bus), mark=mark(plan))


_TEXT = """\
`verilator_config

// {mark}

// The modules of an accelerator are in one file, which has the name of the top module.
lint_off -rule DECLFILENAME -file "*{name}.v"

// Registers hold their reset values from configuration on; the reset gives them the same.
lint_off -rule PROCASSINIT -file "*{name}.v"

// Not every network needs all ports of a component: activations that meet weights of 0, a reset
// where no register has one. Copies of inner streams, tap_*, are for testbenches alone.
lint_off -rule UNUSEDSIGNAL -file "*{name}.v"

// A memory has the name of the instance that it is alone in.
lint_off -rule VARHIDDEN -file "*{name}.v"
"""
