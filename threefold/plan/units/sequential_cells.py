"""Cells of an array for layers in turn, its memories and what walks over maps: an estimate."""

from math import ceil

import numpy as np

from ...fpga import Family, Resources
from ..requantizer_area import requantizer_resources
from ..sequential import Contents, Field
from ..sequential.joined import join_latency, queue_words
from ..sequential.program import Program
from ..shifts import shifts
from .connectors import serializer_resources
from .pe_cells import pe_resources
from .program_cells import program_resources
from .width_entry import width_tap_resources

__all__ = ["bank_resources", "sequential_resources"]


def sequential_resources(
    contents: Contents,
    form: str,
    memory: str,
    family: Family,
    program: Program | None = None,
    store: str = "block",
) -> Resources:
    """Resources of an array and its memories.

    Parameters
    ----------
    contents : Contents
    form : str
        Form of its searches.
    memory : str
        Where maps are, one of :data:`~threefold.fpga.MEMORIES`.
    family : Family
    program : Program, optional
        That of contents from outside, if they are.
    store : str
        Where it is: ``"block"`` or ``"spram"``.
    """
    array, bits, sums = contents.array, contents.bits, contents.accumulator_bits
    result = _control(contents, family)
    for _ in range(array.pe * array.pixels):
        result += pe_resources(bits, array.simd, sums, family, doubles=contents.doubles)
    if contents.pools:
        lanes = array.simd * array.pixels
        result += Resources(lanes * (family.adder(bits) + bits + sums))
    result += serializer_resources(array.pe * array.pixels, array.lanes, sums, family)
    result += requantizer_resources(
        form,
        channels=contents.threshold_rows * array.lanes,
        bits=contents.code_bits,
        accumulator_bits=sums,
        lanes=array.lanes,
        family=family,
        written=bool(contents.limits),
    )
    if contents.joins:
        result += _join_resources(contents, form, family)
    if array.copies:
        result += family.buffer(bits * array.simd, contents.depth, memory) + _copying(contents)
    for _ in range(array.pixels):
        result += bank_resources(contents, "auto" if array.copies else memory, family)
    if contents.offsets is not None:
        result += _logit_resources(contents, memory, family)
    if program:
        return result + program_resources(program, store, family)
    if contents.narrower:
        result += width_tap_resources(len(contents.narrower).bit_length(), family)
        result += Resources(2 * _index(len(contents.tiled)))  # first and last pass of a width
    stored = np.stack([contents.weights != 0, contents.weights < 0], axis=-1)
    differs = np.count_nonzero(stored.any(axis=0) & ~stored.all(axis=0))
    result += _table(int(differs), len(contents.weights), family)
    for fields in (contents.tiles, contents.descriptors):
        result += _table(_stored_bits(fields), len(fields[0].values), family)
    return result


def bank_resources(contents: Contents, memory: str, family: Family) -> Resources:
    """Resources of the memories of a bank of maps.

    Parameters
    ----------
    contents : Contents
    memory : str
        Where they are, one of :data:`~threefold.fpga.MEMORIES`.
    family : Family
    """
    width, result = contents.bits * contents.array.simd, Resources()
    for depth in contents.bank_depths:
        result += family.buffer(width, depth, memory)
    return result


def _join_resources(contents: Contents, form: str, family: Family) -> Resources:
    """What adds codes of another map, its queue, and searches for codes of the sums."""
    array, bits = contents.array, contents.bits
    beat, code_bits = array.lanes * bits, contents.code_bits
    sizes = {"bits": bits, "code_bits": code_bits, "interval": contents.interval}
    depth = queue_words(array, form, **sizes)
    result = family.buffer(array.pixels * array.simd * bits, depth, "lut")
    choices = array.pixels * array.simd // array.lanes
    # Which code, its sum, which of two codes is written; a place, and whose place is read.
    luts = beat * (ceil(np.log2(choices)) + 1) + array.lanes * family.adder(bits)
    luts += 2 * contents.bank_bits + 2 * _index(depth)
    bare = beat + 5 * join_latency(form, code_bits)
    result += Resources(luts, ff=bare * family.counts_bare_cells)
    return result + requantizer_resources(
        form,
        channels=contents.threshold_rows * array.lanes,
        bits=code_bits,
        accumulator_bits=contents.sum_bits,
        lanes=array.lanes,
        family=family,
        written=True,
    )


def _logit_resources(contents: Contents, memory: str, family: Family) -> Resources:
    """What keeps accumulator values, and makes logits of them."""
    lanes, sums, last = contents.array.lanes, contents.accumulator_bits, contents.passes[-1]
    assert contents.offsets is not None
    bits = contents.logit_bits
    result = family.buffer(lanes * sums, contents.result_rows)
    if contents.array.feed:
        rows = ceil(len(contents.offsets) / contents.array.pe) * contents.array.pe // lanes
        short = memory == "split" and family.lut_ram
        result += family.buffer(lanes * bits, rows, "lut" if short else "auto")
        result += Resources(bits, ff=bits * family.counts_bare_cells)  # the skid buffer
    else:
        offsets = (1 + len(contents.narrower_offsets)) * len(contents.offsets)
        result += family.rom(bits, offsets)
    bare = sums if family.counts_bare_cells else family.chains.sum
    return result + Resources(len(shifts(last.step)) * family.adder(bits) + 20, ff=bare)


def _control(contents: Contents, family: Family) -> Resources:
    """What counts and adds: loops, addresses, positions, and ways between memories and streams."""
    array, address = contents.array, contents.address_bits
    word = array.simd * contents.bits
    loops = sum(
        contents.limits.get(field.name, max(field.values).bit_length())
        for field in contents.descriptors
        if field.name in ("groups", "steps", "rows", "beats", "pixels", "gap")
    )
    tiles = contents.limits.get("tiles") or len(contents.tiles[0].values)
    tables = _index(tiles) + 2 * _index(contents.weight_rows)
    tables += 2 * _index(contents.threshold_rows)
    # Some twenty-five adders; chains that no cells begin and end take four cells less each.
    luts = 60 - 100 * (family.chains.sum == 0)
    luts += 12 * address + 3 * loops + 2 * tables + word * array.pixels
    if contents.padded:
        luts += contents.position_bits * (4 + 2 * array.pixels) + word * array.pixels
    if array.pixels > 1:
        luts += array.pixels * (2 * address + word * ceil(np.log2(array.pixels)))
    return Resources(luts, ff=40 * family.counts_bare_cells)


def _copying(contents: Contents) -> Resources:
    """What copies maps into the banks."""
    widths = {field.name: field.bits for field in contents.descriptors}
    counters = sum(widths[name] for name in ("line", "lines", "ahead", "block"))
    return Resources(4 * contents.address_bits + 5 * contents.bank_bits + 3 * counters)


def _table(width: int, depth: int, family: Family) -> Resources:
    return family.rom(width, depth) if width and depth > 1 else Resources()


def _stored_bits(fields: tuple[Field, ...]) -> int:
    return sum(field.bits for field in fields if not field.constant)


def _index(count: int) -> int:
    return (count - 1).bit_length()
