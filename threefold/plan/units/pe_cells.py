"""Cells of a processing element: an estimate for every family."""

from dataclasses import replace
from math import ceil

from ...fpga import Family, Resources

__all__ = ["pe_resources"]


def pe_resources(
    bits: int, simd: int, accumulator_bits: int, family: Family, *, doubles: bool = False
) -> Resources:
    """Resources of a processing element; ``benchmarks/pe_area.py`` measures them one by one.

    Parameters
    ----------
    bits : int
        Width of a code.
    simd : int
        Lanes.
    accumulator_bits : int
        Width of the accumulator.
    family : Family
    doubles : bool
        Whether the accumulator can be doubled, for weights of several digits.
    """
    luts = _luts(bits, simd, accumulator_bits, family) + doubles * accumulator_bits
    result = Resources(luts, ff=_bare(bits, simd, family))
    if family.counts_bare_cells:
        return result
    registers = _registers(bits, simd, family) + accumulator_bits
    return replace(result, surplus=registers - result.cells)


def _luts(bits: int, simd: int, accumulator_bits: int, family: Family) -> float:
    accumulator = family.adder(accumulator_bits)
    if family.clears_in_luts:
        summed = (simd * (2**bits - 1)).bit_length()
        accumulator += 1 + (min(accumulator_bits, summed) if family.resets else accumulator_bits)
    elif family.masked_carry:
        accumulator += 1
    if simd == 1:
        return bits + accumulator
    if bits in family.narrow_lanes:
        # Yosys counts narrow codes in LUTs, without a carry chain.
        return family.narrow_lanes[bits] * simd + accumulator
    # First adders that are chains of cells for masks mask the other lane of a pair themselves.
    chained = _pairs(bits, simd, family)
    masks, tree = bits * (ceil(simd / 2) if chained else simd), 0
    while simd > 1:
        tree += _adders(simd // 2, bits, family, chained=chained)
        simd, bits = (simd + 1) // 2, bits + 1
    return masks + tree + accumulator


def _adders(number: int, bits: int, family: Family, *, chained: bool) -> float:
    """LUTs of adders of ``bits`` bits and a carry-out, neighbours in one chain if that is so."""
    if not chained:
        return number * family.adder(bits + family.shares_chains)
    size = max(1, _CHAIN_BITS // (bits + 1))
    chains = [size] * (number // size) + [number % size] * (number % size > 0)
    return sum(family.adder(each * (bits + 1)) for each in chains)


def _pairs(bits: int, simd: int, family: Family) -> bool:
    carry = family.masked_carry
    return carry is not None and bits >= carry.narrowest and simd > 1


def _registers(bits: int, simd: int, family: Family) -> int:
    """Flip-flops of its own in front of the accumulator."""
    largest, terms, found = 2**bits - 1, simd, 0
    if _pairs(bits, simd, family):
        # A masked code, and a weight; the code that is masked later is the same for all elements.
        found = simd // 2 * (bits + 2) + simd % 2 * bits
        largest, terms = 2 * largest, ceil(simd / 2)
    found += terms * largest.bit_length()
    while terms > 1:
        fan_in = 3 if largest == 1 else 2
        largest, terms = fan_in * largest, ceil(terms / fan_in)
        found += terms * largest.bit_length()
    return found


def _bare(bits: int, simd: int, family: Family) -> float:
    """Cells without a LUT: of carry chains, and of registers that no sum is in front of."""
    chains = family.chains
    largest, terms, cells = 2**bits - 1, simd, chains.accumulator
    if bits == 1:
        # Single bits are counted by threes, in LUTs.
        cells += family.counts_bare_cells * (terms % 3 == 1 and terms > 1)
        largest, terms = min(3, terms), ceil(terms / 3)
    while terms > 1:
        alone = largest.bit_length() * (terms % 2)
        largest *= 2
        if largest.bit_length() >= family.chains.least:
            cells += terms // 2 * chains.sum
        cells += family.counts_bare_cells * alone
        terms = ceil(terms / 2)
    return cells


_CHAIN_BITS = 24  # of adders that share a chain
