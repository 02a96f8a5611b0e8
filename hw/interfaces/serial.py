"""Serial line parameters, shared by board and host."""

__all__ = ["BAUD", "CODE_BITS", "FIFO_BYTES"]

BAUD = 115200
"""Bits a second."""

CODE_BITS = 8
"""Most bits of an input code, which takes one byte."""

FIFO_BYTES = 512
"""Bytes that may wait for the accelerator."""
