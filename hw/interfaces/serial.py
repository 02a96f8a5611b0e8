"""Serial line parameters, shared by board and host."""

__all__ = ["BAUD", "BYTE_BITS", "CODE_BITS", "FIFO_BYTES"]

BAUD = 115200
"""Bits a second."""

BYTE_BITS = 10
"""Bits on the line for a byte: a start bit, 8 bits of data and a stop bit."""

CODE_BITS = 8
"""Most bits of an input code, which takes one byte."""

FIFO_BYTES = 512
"""Bytes that may wait for the accelerator."""
