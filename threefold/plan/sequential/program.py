"""Program: all that a loadable array works by, as rows of one memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import ceil
from typing import ClassVar

import numpy as np

from ...fpga import FAMILIES
from .contents import Contents
from .limits import Limits, check_names, require, room
from .row_packing import Packing, joined_bits
from .tiles import PassTiles
from .weight_bytes import weight_bytes

__all__ = ["COPY_CYCLES", "Program", "limits_of"]

COPY_CYCLES = 5
"""Cycles of a pass in which its program is on the way, or decided on, and nothing of it copied."""

MAP_CYCLES = 2
"""Cycles of these in which words of maps are copied."""

_PLACED = ("tiles", "weights", "thresholds")  # fields of a descriptor that the hardware knows
_BLOCK_ROWS = 256  # by which a memory of block RAMs grows
_PORT = next(each.single_port for each in FAMILIES.values() if each.single_port)  # there is one


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

    Attributes
    ----------
    read_by : tuple of str
        Fields before those of a descriptor: the first row of the next pass, 0 behind the last one,
        and rows of tiles and thresholds to copy, 0 where those of the pass before stay.
    sizes : tuple of str
        Limits of its own.
    offset_parts : int
        Parts in which the offset of a logit comes, at most.
    shares : bool
        Whether a pass may work by rows that came with the one before.
    """

    contents: Contents

    read_by: ClassVar[tuple[str, ...]] = ("next", "tile_rows", "threshold_rows")
    sizes: ClassVar[tuple[str, ...]] = ()
    offset_parts: ClassVar[int] = 2
    shares: ClassVar[bool] = False

    @classmethod
    def depths(cls, programs: "Sequence[Program]", store: str) -> dict[str, int]:
        """Limits of the memory that holds any of some programs, and of the fields that tell of it.

        Parameters
        ----------
        programs : sequence of Program
        store : str
            Where it is, as for :func:`limits_of`.
        """
        needed = max(program.starts[-1] for program in programs)
        rows = (
            _PORT.filled(programs[0].row_bits, needed)
            if store == "spram"
            else _BLOCK_ROWS * ceil(needed / _BLOCK_ROWS)
        )
        return {"program": rows, "next": (rows - 1).bit_length()}

    @property
    def limits(self) -> Limits:
        return self.contents.limits

    @property
    def row_bits(self) -> int:
        """Width of a row, a multiple of 8."""
        array = self.contents.array
        return 8 * ceil(2 * array.pe * array.simd / 8)

    @property
    def memory_bits(self) -> int:
        """Width of a row in the memory on the chip."""
        return self.row_bits

    @cached_property
    def descriptor_fields(self) -> dict[str, int]:
        """Fields of a descriptor that are stored, and their widths."""
        names = [field.name for field in self.contents.descriptors if field.name not in _PLACED]
        return {name: self.limits[name] for name in (*self.read_by, *names) if self.limits[name]}

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
    def threshold_lanes(self) -> int:
        """Lanes whose thresholds are written at once: all, if they come while the array works."""
        array = self.contents.array
        return array.lanes if array.feed else 1

    @property
    def threshold(self) -> Packing:
        """Rows of thresholds, of which an item is one for each lane that is written at once."""
        return Packing(self.threshold_lanes * self.contents.accumulator_bits, self.row_bits)

    @cached_property
    def tile_rows(self) -> list[int]:
        """Rows of the tiles of each pass that are copied; none if those of the pass before stay."""
        columns = list(zip(*(field.values for field in self.contents.tiles), strict=True))
        lists = [columns[first:end] for first, end in self._tile_places]
        return _copied(lists, self.tile)

    @cached_property
    def threshold_rows(self) -> list[int]:
        """Rows of the thresholds of each pass, as ``tile_rows``.

        Those of the pass before stay only if as many of them are of sums.
        """
        contents = self.contents
        lists = [self._thresholds(each) for each in contents.tiled]
        of_sums = [
            sum(len(rows) for _, rows in contents.blocks(each)[1:]) for each in contents.tiled
        ]
        return _copied(lists, self.threshold, of_sums)

    @property
    def copied(self) -> list[int]:
        """Cycles of each pass before its first tile, beyond those of contents that are there.

        Maps are copied while tiles and thresholds are.
        """
        cycles = []
        for each, tiles, thresholds in zip(
            self.contents.tiled, self.tile_rows, self.threshold_rows, strict=True
        ):
            items = tiles * self.tile.share + thresholds * self.threshold.share
            items = max(items, self.contents.words_ahead(each) - MAP_CYCLES)
            cycles.append(self.descriptor.parts + items + COPY_CYCLES)
        return cycles

    @property
    def _tile_places(self) -> list[tuple[int, int]]:
        """First tile of each pass, and the one behind its last."""
        starts = next(f.values for f in self.contents.descriptors if f.name == "tiles")
        return list(pairwise((*starts, len(self.contents.tiles[0].values))))

    @property
    def most_tiles(self) -> int:
        """Tiles of the pass that has most."""
        return max(end - first for first, end in self._tile_places)

    @property
    def most_thresholds(self) -> int:
        """Rows of thresholds in each lane, of the pass that has most, and as many of sums."""
        contents = self.contents
        rows = (len(block) for each in contents.tiled for _, block in contents.blocks(each))
        return max(rows) // contents.array.lanes << contents.joins

    @cached_property
    def starts(self) -> list[int]:
        """First row of each pass, and of what would follow the last."""
        return list(accumulate(self.lengths, initial=0))

    @property
    def plain_rows(self) -> list[int]:
        """Rows of each pass in front of its weights."""
        return [
            self.descriptor.parts + tiles + thresholds
            for tiles, thresholds in zip(self.tile_rows, self.threshold_rows, strict=True)
        ]

    @property
    def lengths(self) -> list[int]:
        """Rows of each pass."""
        return [rows + len(self.weights(place)) for place, rows in enumerate(self.plain_rows)]

    def weights(self, place: int) -> np.ndarray:
        """Ternary weights that come with a pass: int8, shape (tiles, PE, SIMD)."""
        return self.contents.tiled[place].weights

    def check(self, of: str) -> None:
        """Raise if a limit of the unit ``of`` is missing or unknown, or one is exceeded.

        Raises
        ------
        PlanError
        """
        contents, names = self.contents, [each.work.name for each in self.contents.tiled]
        fields = [*contents.tiles, *contents.descriptors]
        placed = [field for field in fields if field.name not in _PLACED]
        banks = ["banked"] if contents.array.copies else []
        others = [*self.read_by, *self.sizes, *banks]
        check_names(self.limits, [*others, *(field.name for field in placed)], of)
        room(self.limits, "tiles", self.most_tiles)
        room(self.limits, "thresholds", self.most_thresholds)
        owners = [
            name
            for name, (first, end) in zip(names, self._tile_places, strict=True)
            for _ in range(first, end)
        ]
        for field in placed:
            of_tiles = len(field.values) == len(owners) and field in contents.tiles
            largest = max(range(len(field.values)), key=field.values.__getitem__)
            owner = (owners if of_tiles else names)[largest]
            require(self.limits, field.name, field.values[largest], owner)
        for name in ("tile_rows", "threshold_rows"):
            for owner, count in zip(names, getattr(self, name), strict=True):
                require(self.limits, name, count, owner)
        self.require_room()

    def require_room(self) -> None:
        """Raise if the memory of programs does not hold it.

        Raises
        ------
        PlanError
        """
        room(self.limits, "program", self.starts[-1])

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows: uint8, shape (rows, bytes), the lowest byte first."""
        return np.concatenate([self.pass_rows(place) for place in range(len(self.contents.tiled))])

    @property
    def image_rows(self) -> np.ndarray:
        """The rows as they are loaded: uint8, shape (rows, bytes), the lowest byte first."""
        return self.rows

    def pass_rows(self, place: int) -> np.ndarray:
        """The rows of a pass: uint8, shape (rows, bytes), the lowest byte first."""
        array, each = self.contents.array, self.contents.tiled[place]
        fields = self.descriptor_fields
        values = {field.name: field.values[place] for field in self.contents.descriptors}
        values |= self.reading(place)
        rows = self.descriptor.rows([joined_bits((values[name], fields[name]) for name in fields)])
        if self.tile_rows[place]:
            rows += self.tile.rows(self._tiles(place))
        if self.threshold_rows[place]:
            rows += self.threshold.rows(self._thresholds(each))
        size = self.row_bits // 8
        raw = b"".join(row.to_bytes(size, "little") for row in rows)
        weights = self.weights(place)
        packed = weight_bytes(
            weights.reshape(len(weights), array.pe * array.simd), array.weights_per_byte
        )
        packed = np.pad(packed, ((0, 0), (0, size - packed.shape[1])))
        return np.concatenate([np.frombuffer(raw, np.uint8).reshape(-1, size), packed])

    def reading(self, place: int) -> dict[str, int]:
        """Values of the fields ``read_by`` of a pass."""
        return {
            "next": self.starts[place + 1] if place < len(self.contents.tiled) - 1 else 0,
            "tile_rows": self.tile_rows[place],
            "threshold_rows": self.threshold_rows[place],
        }

    def _tiles(self, place: int) -> list[int]:
        """The tiles of a pass, each as one integer."""
        fields = {field.name: field.values for field in self.contents.tiles}
        return [
            joined_bits((fields[name][tile], bits) for name, bits in self.tile_fields.items())
            for tile in range(*self._tile_places[place])
        ]

    def _thresholds(self, each: PassTiles) -> list[int]:
        """The thresholds of a pass: word by word, lane by lane, in the order of a binary search.

        Where all lanes are written at once, an item is the same node of each, lowest lane first.
        """
        (_, block), lanes = self.contents.block(each), self.threshold_lanes
        ordered = block[:, _heap_order(self.contents.code_bits)]
        if lanes == 1:
            return ordered.ravel().tolist()
        bits, nodes = self.contents.accumulator_bits, ordered.shape[1]
        beats = ordered.reshape(-1, lanes, nodes).transpose(0, 2, 1).reshape(-1, lanes)
        return [joined_bits((value, bits) for value in beat) for beat in beats.tolist()]


def limits_of(
    passes: Sequence[Contents],
    interval: int,
    store: str,
    kind: type[Program] = Program,
) -> dict[str, int]:
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
    kind : type
        Kind of the programs.
    """
    bits = max(each.bits for each in passes)
    room_for = {}
    if passes[0].array.copies:
        room_for["banked"] = max(each.banked for each in passes)
        passes = [each.within(room_for, bits=each.bits, interval=interval) for each in passes]
    limits = {
        "codes": bits,
        "searched": max(each.code_bits for each in passes),
        "places": max(each.depth for each in passes),
        "position": max(each.position_bits if each.padded else 0 for each in passes),
        **room_for,
    }
    wide = [each.within(room_for, bits=bits, interval=interval) for each in passes]
    # Offsets of logits come in parts that are as wide as an accumulator value.
    parts = [ceil(each.logit_bits / kind.offset_parts) for each in wide if each.offsets is not None]
    limits["accumulator"] = max([each.accumulator_bits for each in wide] + parts)
    within = [each.within(dict(limits), bits=bits, interval=interval) for each in passes]
    for each in within:
        for field in (*each.tiles, *each.descriptors):
            if field.name not in _PLACED:
                needed = field.bits if any(field.values) else int(field.name in _BY_WEIGHTS)
                if field.name == "part":
                    needed = (each.parts - 1).bit_length()
                limits[field.name] = max(needed, limits.get(field.name, 0))
    programs = [kind(each.within(limits, bits=bits, interval=interval)) for each in passes]
    limits["tiles"] = _power(max(each.most_tiles for each in programs))
    limits["thresholds"] = _power(max(each.most_thresholds for each in programs))
    if "sums" in limits:  # which other thresholds may begin at any row of the first half
        rows = limits["thresholds"] >> 1
        limits["sums"] = max(limits["sums"], rows.bit_length()) if limits["joins"] else 0
    for name in ("tile_rows", "threshold_rows"):
        rows = max(max(getattr(program, name)) for program in programs)
        limits[name] = rows.bit_length()
    for name in kind.read_by:
        limits.setdefault(name, 32)  # at most; there are no more rows than with it
    limits.update(kind.depths(programs, store))
    return limits


_BY_WEIGHTS = ("rewind", "alike", "sums_alike")  # which other weights and thresholds may change


def _copied(lists: Sequence[list], packing: Packing, places: Sequence[int] = ()) -> list[int]:
    """Rows of the items of each pass, none where those before are the same in the same places."""
    items = list(zip(lists, places or [0] * len(lists), strict=True))
    return [
        0 if own == other else packing.count(len(own[0]))
        for own, other in zip(items, [([], 0), *items[:-1]], strict=True)
    ]


def _heap_order(bits: int) -> list[int]:
    """Places of sorted thresholds, root first, then each further depth of a binary search."""
    return [
        ((2 * index + 1) << (bits - 1 - depth)) - 1
        for depth in range(bits)
        for index in range(1 << depth)
    ]


def _power(count: int) -> int:
    return 1 << max(1, (count - 1).bit_length())
