"""Core: an accelerator's Verilog, and what other people's flows need around it."""

from .waivers import waivers

__all__ = ["waivers"]
