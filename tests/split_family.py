"""A family whose memories are in parts of a few rows, so that those of small networks are, too."""

from dataclasses import replace

from threefold.fpga import GENERIC, LutRam

__all__ = ["SPLIT"]

SPLIT = replace(
    GENERIC,
    name="split",
    block_shapes=((9, 8),),
    block_least=0,
    lut_ram=LutRam(bits=4, rows=16, luts=4, write=2),
    split_worth=1e6,
)
