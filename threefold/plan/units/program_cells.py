"""Cells of a program memory, of what loads it and of what is copied from it: an estimate.

Its constants are calibrated with two arrays of the same network, of 16 and of 64 lanes, on iCE40
and on ECP5, whose logic cells they give within 5 %.
"""

from math import ceil, log2

from ...fpga import Family, Resources
from ..sequential.program import Program
from ..sequential.row_packing import Packing

__all__ = ["program_resources"]


def program_resources(program: Program, store: str, family: Family) -> Resources:
    """Resources of a program memory, without those of thresholds that are copied from it.

    Parameters
    ----------
    program : Program
    store : str
        Where it is: ``"block"`` or ``"spram"``.
    family : Family
    """
    rows, bits = program.limits["program"], program.memory_bits
    address, descriptor = (rows - 1).bit_length(), sum(program.descriptor_fields.values())
    luts = 260 + 5 * address + 3.2 * bits + _choice(program.tile) + _choice(program.threshold)
    bare = 60 + 2 * bits + descriptor
    result = Resources(luts, ff=bare * family.counts_bare_cells)
    result += family.buffer(program.tile.bits, program.limits["tiles"])
    if store == "spram" and family.single_port:
        return result + Resources(spram=family.single_ports(bits, rows))
    return result + Resources(bram=family.block_rams(bits, rows))


def _choice(packing: Packing) -> float:
    """LUTs that take an item from a row."""
    return packing.bits * ceil(log2(packing.share)) * 0.75
