"""Cells of an engine by kind of component: an estimate."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...fpga import Family, Resources
from ..latency import READER_LATENCY, pe_latency
from ..shifts import shifts
from .connectors import serializer_resources
from .pe_cells import pe_resources
from .unfolder import unfolder_resources
from .width_entry import width_tap_resources

if TYPE_CHECKING:
    from .engine import EngineUnit

__all__ = ["engine_parts"]


def engine_parts(unit: "EngineUnit", family: Family) -> dict[str, Resources]:
    """Resources of an engine by kind of component, those that it has.

    Kinds are ``"window reader"``, ``"processing elements"``, ``"serializer"`` of accumulators,
    ``"order of pixels"``, ``"unfolder"``, ``"weight memory"``, and ``"requantizer"`` or
    ``"logit adder"``.
    """
    bits = unit.finished.accumulator_bits
    found = {
        "window reader": unit.reader_resources(family),
        "processing elements": _elements(unit, family),
        "serializer": serializer_resources(unit.pixels * unit.pe, unit.lanes, bits, family),
        "order of pixels": _order(unit, family),
        "unfolder": _unfolder(unit, family),
        "weight memory": _weights(unit, family),
    }
    if unit.requantizer:
        found["requantizer"] = unit.requantizer.resources(family)
    else:
        found["logit adder"] = _logit_adder(unit, family)
    return {kind: area for kind, area in found.items() if area != Resources()}


def _elements(unit: "EngineUnit", family: Family) -> Resources:
    layer, schedule = unit.finished, unit.schedule
    # Synthesis drops a lane whose weights are all zeros; if tiles are few there are some.
    used = (schedule.weights != 0).any(axis=0).sum(axis=1).tolist()
    bits, doubles = layer.codes.bits, bool(unit.doubles.any())
    elements = (
        pe_resources(bits, max(1, simd), layer.accumulator_bits, family, doubles=doubles)
        for simd in used * unit.pixels
    )
    return sum(elements, Resources())


def _weights(unit: "EngineUnit", family: Family) -> Resources:
    """Weights, and with several widths the program of all and what tells that of an image."""
    if not unit.narrower:
        schedule, tiles = unit.schedule, len(unit.schedule.tiles)
        return _rows(schedule.row_bits, tiles, family) if tiles > 1 else Resources()
    programs, stored = unit.programs, unit.weights
    bits = np.stack([stored != 0, stored < 0], axis=-1)
    row = int(np.count_nonzero(bits.any(axis=0) & ~bits.all(axis=0))) + bool(unit.doubles.any())
    result = _rows(row, len(programs), family) + family.rom(programs.bits, len(programs))
    travel = READER_LATENCY + pe_latency(unit.layer.codes.bits, unit.simd) + 1
    number = len(unit.narrower).bit_length()
    index = len(programs).bit_length()
    bare = (travel * number + 2 * index) * family.counts_bare_cells
    return result + width_tap_resources(number, family) + Resources(4 * index, ff=bare)


def _rows(bits: int, tiles: int, family: Family) -> Resources:
    """Rows of weights, and the registers that follow block RAM."""
    memory = family.rom(bits, tiles)
    if family.counts_bare_cells:
        return memory
    stages = 1 if not memory.bram else 2 * family.memory_gives_late
    return replace(memory, surplus=stages * bits - memory.cells)


def _logit_adder(unit: "EngineUnit", family: Family) -> Resources:
    layer, result = unit.finished, Resources()
    logit_bits = unit.outputs[0].bits
    bare = layer.accumulator_bits if family.counts_bare_cells else family.chains.sum
    adders = len(shifts(layer.codes.step))
    for _ in range(unit.lanes):
        result += family.rom(logit_bits, layer.rows // unit.lanes * (1 + len(unit.narrower)))
        result += Resources(adders * family.adder(logit_bits), ff=bare)
    return result


def _order(unit: "EngineUnit", family: Family) -> Resources:
    """What brings outputs of several pixels into order, and drops those beyond a row."""
    result, bits = Resources(), unit.lanes * unit.outputs[0].bits
    if unit.reorders:
        result += family.buffer(bits, 2 * unit.step_beats)
        result += Resources(8 + 4 * unit.step_beats.bit_length())
    kept, there = unit.row_beats
    if kept < there:
        result += Resources(3 + 2 * there.bit_length())
    return result


def _unfolder(unit: "EngineUnit", family: Family) -> Resources:
    """What gathers pixels to patches, and divides these into words."""
    if unit.unfolding is None:
        return Resources()
    bits = unit.layer.codes.bits
    result = unfolder_resources(unit.unfolding, bits, family)
    if unit.schedule.pitch > 1:
        result += serializer_resources(unit.unfolding.codes, unit.word_lanes, bits, family)
    registers = unit.unfolding.codes * bits
    if registers > result.flip_flops and not family.counts_bare_cells:
        result = replace(result, surplus=registers - result.cells)
    return result
