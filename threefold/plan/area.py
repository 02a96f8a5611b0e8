"""What memories and logic take of an FPGA."""

from ..fpga import Resources

__all__ = ["MEMORIES", "Resources"]

MEMORIES = ("auto", "lut", "block", "spram")
"""Kinds of memory that an activation buffer can be told to be in."""
