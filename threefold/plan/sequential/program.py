"""Program: all that a loadable array works by, as rows of one memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil

import numpy as np

from .contents import Contents
from .limits import Limits, check_names, require, room
from .tiles import PassTiles

__all__ = ["COPY_CYCLES", "Packing", "Program", "limits_of"]

COPY_CYCLES = 5
"""Cycles of a pass in which its program is on the way, or decided on, and nothing of it copied."""

_READ_BY = ("next", "tile_rows", "threshold_rows")
# Fields before those of a descriptor: the first row of the next pass, 0 behind the last one, and
# rows of tiles and thresholds to copy, 0 where those of the pass before stay.

_PLACED = ("tiles", "weights", "thresholds")  # fields of a descriptor that the hardware knows
_BLOCK_ROWS = 256  # by which a memory of block RAMs grows
_PORT_ROWS = 16384  # of the single-port RAM there is


@dataclass(frozen=True)
class Packing:
    """Items in rows: several in each, or each in several.

    Parameters
    ----------
    bits : int
        Width of an item.
    row_bits : int
    """

    bits: int
    row_bits: int

    @property
    def parts(self) -> int:
        """Rows of an item."""
        return ceil(self.bits / self.row_bits)

    @property
    def share(self) -> int:
        """Items of a row; 1 if an item takes several."""
        return max(1, self.row_bits // self.bits)

    def rows(self, items: Sequence[int]) -> list[int]:
        """The rows that hold some items, the first in the lowest bits."""
        if self.parts > 1:
            mask = (1 << self.row_bits) - 1
            shifts = range(0, self.parts * self.row_bits, self.row_bits)
            return [item >> shift & mask for item in items for shift in shifts]
        groups = (items[n : n + self.share] for n in range(0, len(items), self.share))
        return [_joined((item, self.bits) for item in group) for group in groups]


@dataclass(frozen=True, eq=False)
class Program:
    """Rows of a program: pass by pass a descriptor, tiles, thresholds and weights.

    A row is as wide as the weights of a tile, in whole bytes. When a pass begins, its descriptor
    goes into registers, and tiles and thresholds into memories of their own; its weights are read
    where they are.

    Parameters
    ----------
    contents : Contents
        With limits, of which those that depend on others may be missing.
    """

    contents: Contents

    @property
    def limits(self) -> Limits:
        return self.contents.limits

    @property
    def row_bits(self) -> int:
        """Width of a row, a multiple of 8."""
        array = self.contents.array
        return 8 * ceil(2 * array.pe * array.simd / 8)

    @cached_property
    def descriptor_fields(self) -> dict[str, int]:
        """Fields of a descriptor that are stored, and their widths."""
        names = [field.name for field in self.contents.descriptors if field.name not in _PLACED]
        return {name: self.limits[name] for name in (*_READ_BY, *names) if self.limits[name]}

    @cached_property
    def tile_fields(self) -> dict[str, int]:
        """Fields of a tile that are stored, and their widths."""
        names = [field.name for field in self.contents.tiles]
        return {name: self.limits[name] for name in names if self.limits[name]}

    @property
    def descriptor(self) -> Packing:
        """Rows of a descriptor."""
        return Packing(sum(self.descriptor_fields.values()), self.row_bits)

    @property
    def tile(self) -> Packing:
        """Rows of tiles."""
        return Packing(sum(self.tile_fields.values()), self.row_bits)

    @property
    def threshold(self) -> Packing:
        """Rows of thresholds."""
        return Packing(self.contents.accumulator_bits, self.row_bits)

    @cached_property
    def tile_rows(self) -> list[list[int]]:
        """Rows of the tiles of each pass; none if they are those of the pass before."""
        fields = {field.name: field.values for field in self.contents.tiles}
        starts = next(f.values for f in self.contents.descriptors if f.name == "tiles")
        ends = (*starts, len(self.contents.tiles[0].values))
        all_rows = []
        for each, (first, end) in zip(self.contents.tiled, pairwise(ends), strict=True):
            items = []
            room(self.limits, "tiles", end - first)
            for place in range(first, end):
                values = {name: fields[name][place] for name in fields}
                items.append(self._item(self.tile_fields, values, each))
            all_rows.append(self.tile.rows(items))
        return _changes(all_rows)

    @cached_property
    def threshold_rows(self) -> list[list[int]]:
        """Rows of the thresholds of each pass, as ``tile_rows``.

        Those of a lane follow those of the lane before, in the order of a binary search; lanes
        follow each other word by word.
        """
        contents, all_rows = self.contents, []
        order = _heap_order(contents.code_bits)
        for each in contents.tiled:
            _, block = contents.block(each)
            room(self.limits, "thresholds", len(block) // contents.array.lanes)
            all_rows.append(self.threshold.rows(block[:, order].ravel().tolist()))
        return _changes(all_rows)

    @property
    def copied(self) -> list[int]:
        """Cycles of each pass before its first tile, beyond those of contents that are there."""
        tile, threshold = self.tile.share, self.threshold.share
        return [
            self.descriptor.parts + len(tiles) * tile + len(thresholds) * threshold + COPY_CYCLES
            for tiles, thresholds in zip(self.tile_rows, self.threshold_rows, strict=True)
        ]

    @cached_property
    def starts(self) -> list[int]:
        """First row of each pass, and of what would follow the last."""
        starts = [0]
        for each, *rows in zip(
            self.contents.tiled, self.tile_rows, self.threshold_rows, strict=True
        ):
            length = self.descriptor.parts + sum(map(len, rows)) + len(each.weights)
            starts.append(starts[-1] + length)
        return starts

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows: uint8, shape (rows, bytes), the lowest byte first.

        Raises
        ------
        PlanError
            If a limit is exceeded.
        """
        room(self.limits, "program", self.starts[-1])
        parts = []
        descriptors = {field.name: field.values for field in self.contents.descriptors}
        for place, each in enumerate(self.contents.tiled):
            tiles, thresholds = self.tile_rows[place], self.threshold_rows[place]
            last = place == len(self.contents.tiled) - 1
            values = {name: values[place] for name, values in descriptors.items()} | {
                "next": 0 if last else self.starts[place + 1],
                "tile_rows": len(tiles),
                "threshold_rows": len(thresholds),
            }
            item = self._item(self.descriptor_fields, values, each)
            head = [*self.descriptor.rows([item]), *tiles, *thresholds]
            size = self.row_bits // 8
            raw = b"".join(row.to_bytes(size, "little") for row in head)
            parts.append(np.frombuffer(raw, np.uint8).reshape(-1, size))
            pairs = np.stack([each.weights != 0, each.weights < 0], axis=-1)
            bits = pairs.reshape(len(pairs), 2 * self.contents.array.pe * self.contents.array.simd)
            parts.append(np.packbits(bits, axis=1, bitorder="little"))
        return np.concatenate(parts)

    def check(self, of: str) -> None:
        """Raise if a limit of the unit ``of`` is missing or unknown, or one is exceeded.

        Raises
        ------
        PlanError
        """
        fields = [field.name for field in (*self.contents.tiles, *self.contents.descriptors)]
        names = [*_READ_BY, *(name for name in fields if name not in _PLACED)]
        check_names(self.limits, names, of)
        _ = self.rows

    def _item(self, fields: dict[str, int], values: dict[str, int], each: PassTiles) -> int:
        for name, value in values.items():
            if name not in _PLACED:
                require(self.limits, name, value, each.work.name)
        return _joined((values[name], bits) for name, bits in fields.items())


def limits_of(passes: Sequence[Contents], interval: int, store: str) -> dict[str, int]:
    """The limits within which an array takes the passes of each of some networks.

    Memories are as large as costs nothing: tiles and thresholds take powers of two, a program whole
    block RAMs or single-port RAMs.

    Parameters
    ----------
    passes : sequence of Contents
        Those of each network, without limits, on the same array.
    interval : int
        Cycles from one search among thresholds to the next.
    store : str
        Where the program is: ``"block"`` or ``"spram"``.
    """
    bits = max(each.bits for each in passes)
    limits = {
        "codes": bits,
        "searched": max(each.code_bits for each in passes),
        "places": max(each.depth for each in passes),
        "position": max(each.position_bits if each.padded else 0 for each in passes),
    }
    wide = [each.within({}, bits=bits, interval=interval) for each in passes]
    limits["accumulator"] = max(each.accumulator_bits for each in wide)
    within = [each.within(dict(limits), bits=bits, interval=interval) for each in passes]
    for each in within:
        for field in (*each.tiles, *each.descriptors):
            if field.name not in _PLACED:
                needed = field.bits if any(field.values) else int(field.name in _BY_WEIGHTS)
                limits[field.name] = max(needed, limits.get(field.name, 0))
    programs = [Program(each.within(limits, bits=bits, interval=interval)) for each in passes]
    items = {
        "tiles": max(_largest_tiles(each) for each in programs),
        "thresholds": max(
            len(program.contents.block(each)[1]) // each.array.lanes
            for program in programs
            for each in program.contents.tiled
        ),
    }
    limits |= {name: _power(count) for name, count in items.items()}
    for name in ("tile_rows", "threshold_rows"):
        rows = max(len(each) for program in programs for each in getattr(program, name))
        limits[name] = rows.bit_length()
    limits["next"] = 32  # at most; there are no more rows than with it
    needed = max(program.starts[-1] for program in programs)
    step = _PORT_ROWS if store == "spram" else _BLOCK_ROWS
    limits["program"] = step * ceil(needed / step)
    limits["next"] = (limits["program"] - 1).bit_length()
    return limits


_BY_WEIGHTS = ("rewind", "alike")  # fields that other weights and thresholds may change


def _largest_tiles(program: Program) -> int:
    starts = next(f.values for f in program.contents.descriptors if f.name == "tiles")
    ends = (*starts, len(program.contents.tiles[0].values))
    return max(end - first for first, end in pairwise(ends))


def _joined(values: Iterable[tuple[int, int]]) -> int:
    """One integer of values and their widths in bits, the first lowest."""
    result = shift = 0
    for value, bits in values:
        result |= value << shift
        shift += bits
    return result


def _changes(rows: list[list[int]]) -> list[list[int]]:
    """The rows of each pass, none where they are those of the pass before."""
    return rows[:1] + [[] if one == other else other for one, other in pairwise(rows)]


def _heap_order(bits: int) -> list[int]:
    """Places of sorted thresholds, root first, then each further depth of a binary search."""
    return [
        ((2 * index + 1) << (bits - 1 - depth)) - 1
        for depth in range(bits)
        for index in range(1 << depth)
    ]


def _power(count: int) -> int:
    return 1 << max(1, (count - 1).bit_length())
