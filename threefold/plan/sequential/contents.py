"""Contents of the memories that an array works by: descriptors, tiles, weights and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Self

import numpy as np

from .array import Array
from .blocks import own_block, sum_block
from .copying import banked_places, copy_fields, rows_ahead
from .fields import Field, fields_of
from .joined import JoinedTiles
from .limits import Limits, room
from .maps import Maps
from .passes import Pass
from .reading import tile_rows, window_fields
from .repeated import RepeatedTiles
from .shared import SharedTiles, shared
from .tiles import PassTiles
from .works import works_of
from .writing import result_fields

__all__ = ["Contents"]


@dataclass(frozen=True, eq=False)
class Contents:
    """What the memories of an array hold for its passes, and how wide all is.

    All numbers are known beforehand, so that hardware only counts and adds. Addresses are those of
    a bank of the map buffer, or of the memory that passes copy their maps from; what is subtracted
    from one is added modulo its width.

    Parameters
    ----------
    array : Array
    maps : Maps
    bits : int
        Width of the codes in the map buffer.
    interval : int
        Cycles from one search among thresholds to the next.
    parts : int
        Parts of a code that enters, each in words of its own.
    narrower : sequence of Maps
        With the passes of each narrower width of the network, if there are such.
    limits : mapping of str to int
        Room there is in hardware for contents from outside, see
        :mod:`~threefold.plan.sequential.limits`; where one is left out, what the passes need.

    Raises
    ------
    PlanError
        When something is asked for that exceeds a limit.
    """

    array: Array
    maps: Maps
    bits: int
    interval: int
    parts: int = 1
    narrower: Sequence[Maps] = ()
    limits: Limits = field(default_factory=dict)

    def within(self, limits: Limits, *, bits: int, interval: int) -> Self:
        """The same passes within limits, for codes of ``bits`` bits."""
        made = replace(self, limits=limits, bits=bits, interval=interval)
        if made.banked == self.banked:
            vars(made)["by_width"] = self.by_width  # no limit of tiles is known before
        return made

    @property
    def passes(self) -> Sequence[Pass]:
        return self.maps.passes

    @cached_property
    def by_width(self) -> tuple[tuple[PassTiles, ...], ...]:
        """The passes on the array at each width of the network, those of the whole first.

        Of those that add up all pixels there is one for each group; where a pass copies maps that
        do not fit its banks, one for each band of rows.
        """
        whole, *narrower = (self._tiled(each.passes) for each in (self.maps, *self.narrower))
        of = {(each.work.stream, each.work.first): each for each in whole}
        return whole, *(
            tuple(shared(each, of.get((each.work.stream, each.work.first))) for each in tiled)
            for tiled in narrower
        )

    @cached_property
    def tiled(self) -> tuple[PassTiles, ...]:
        """The passes of all widths, one width behind the other."""
        return tuple(each for tiled in self.by_width for each in tiled)

    @property
    def ends(self) -> list[int]:
        """Passes up to the end of those of each width."""
        return list(accumulate(map(len, self.by_width)))

    def _tiled(self, passes: Sequence[Pass]) -> tuple[PassTiles, ...]:
        works = works_of(passes, self.array, self.banked if self.array.copies else 0)
        return tuple(self._within_limit(self._tiles_of(each)) for each in works)

    def _tiles_of(self, work: Pass) -> PassTiles:
        repeats = self.array.feed is not None and work.whole and self.array.pixels > 1
        kind = JoinedTiles if work.added else RepeatedTiles if repeats else PassTiles
        return kind(work, self.array)

    def _within_limit(self, each: PassTiles) -> PassTiles:
        """A pass, with its empty tiles if the list of all groups is too long without them."""
        limit = self.limits.get("tiles", each.tiles_stored)
        if each.tiles_stored > limit:
            dense = replace(each, dense=True)
            return dense if dense.tiles_stored <= limit else each
        return each

    @cached_property
    def accumulator_bits(self) -> int:
        """Width of an accumulator value, with room for the threshold that means "never"."""
        largest = max(each.accumulator_max(self.bits) for each in self.tiled)
        least = self.sum_bits if self.joins else 0  # thresholds of sums come like others
        return room(self.limits, "accumulator", max((largest + 1).bit_length(), least))

    @cached_property
    def code_bits(self) -> int:
        """Width of the codes that are found by thresholds."""
        return room(self.limits, "searched", max(each.code_bits for each in self.passes))

    @property
    def depth(self) -> int:
        """Places of each bank of the map buffer, or of the memory that passes copy maps from."""
        return room(self.limits, "places", self.maps.depth)

    @cached_property
    def banked(self) -> int:
        """Places of each bank that the array reads; see ``banked_places`` if passes copy maps."""
        if not self.array.copies:
            return self.depth
        return self.limits.get("banked") or banked_places(self.passes, self.array)

    @property
    def bank_depths(self) -> list[int]:
        """Places of each memory of a bank."""
        return self.maps.memories(self.banked)

    @cached_property
    def offsets(self) -> np.ndarray | None:
        """Offsets of the logits that leave, or None: int64, shape (channels,)."""
        return self._offsets(self.by_width[0])

    @cached_property
    def narrower_offsets(self) -> list[np.ndarray]:
        """Those at each narrower width, if logits leave."""
        made = (self._offsets(tiled) for tiled in self.by_width[1:])
        return [offsets for offsets in made if offsets is not None]

    def _offsets(self, tiled: Sequence[PassTiles]) -> np.ndarray | None:
        last = [each for each in tiled if each.work.offsets is not None]
        if not last:
            return None
        offsets = [each.work.offsets_for(self.bits, each.complements) for each in last]
        return np.concatenate(offsets)

    @property
    def logit_bits(self) -> int:
        """Width of a logit that leaves."""
        return self.passes[-1].layers[-1].output.element.bits

    @property
    def result_rows(self) -> int:
        """Rows of as many accumulator values as the array has lanes, of which logits are made."""
        last = [each for each in self.by_width[0] if each.work.offsets is not None]
        pitches = sum(self.array.pitch(each.work.shape[2]) for each in last)
        return pitches * self.array.simd // self.array.lanes

    @property
    def address_bits(self) -> int:
        """Width of an address in a bank of the memory of all maps."""
        return max(1, (self.depth - 1).bit_length())

    @property
    def bank_bits(self) -> int:
        """Width of an address in a bank that the array reads."""
        return max(1, (self.banked - 1).bit_length())

    @cached_property
    def position_bits(self) -> int:
        """Width of a row or column of a window, those in the padding and negative ones included."""
        most = 1
        for each in self.tiled:
            (height, width, _), (top, left, bottom, right) = each.work.window.shape, _padding(each)
            reach = self.array.pixels * each.work.window.stride[1]
            most = max(most, height + top + bottom, width + left + right + 2 * reach)
        # What lies ahead of a map is above all that is in it or behind it, modulo its width.
        needed = most.bit_length() if self._hangs_over else 0
        return max(1, room(self.limits, "position", needed))

    @property
    def padded(self) -> bool:
        """Whether any window may hang over the border of its map."""
        return self.limits.get("position", self._hangs_over) > 0

    @property
    def _hangs_over(self) -> bool:
        return any(any(_padding(each)) for each in self.tiled)

    @property
    def doubles(self) -> bool:
        """Whether accumulators may be doubled between tiles."""
        needed = any(each.doubles for each in self.tiled)
        return self.limits.get("double", needed) > 0

    @property
    def pools(self) -> bool:
        """Whether any pass may give largest codes."""
        needed = any(each.work.weights is None for each in self.tiled)
        return self.limits.get("largest", needed) > 0

    @property
    def joins(self) -> bool:
        """Whether any pass may add a map to its codes."""
        needed = any(each.work.added for each in self.tiled)
        return self.limits.get("joins", needed) > 0

    @property
    def sum_bits(self) -> int:
        """Width of a sum of two codes, with room for the threshold that means "never"."""
        return self.bits + 1

    @property
    def strides(self) -> list[int]:
        """Columns that may be between pixels worked on at once, if there are several; ascending."""
        if "stride" in self.limits:
            beyond, pixels = 1 << self.limits["stride"], self.array.pixels
            return [n for n in range(1, min(beyond, pixels)) if not pixels % n]
        return sorted({each.work.window.stride[1] for each in self.tiled if each.pixels > 1})

    @property
    def weight_rows(self) -> int:
        """Rows of the memory of weights, which is that of the whole program if it is loadable."""
        return self.limits.get("program") or len(self.weights)

    @property
    def threshold_rows(self) -> int:
        """Rows of thresholds that a lane has."""
        if "thresholds" in self.limits:
            return self.limits["thresholds"] >> self.joins  # as many of sums
        return len(self.thresholds) // self.array.lanes

    @cached_property
    def weights(self) -> np.ndarray:
        """Rows of weights of all passes: int8, shape (rows, PE, SIMD).

        Those that a narrower width shares with the whole are there once.
        """
        own = [each.weights for each in self.tiled if not isinstance(each, SharedTiles)]
        rows = np.concatenate(own)
        return rows if len(rows) else np.zeros((1, self.array.pe, self.array.simd), np.int8)

    @cached_property
    def thresholds(self) -> np.ndarray:
        """Thresholds of all passes: int64, shape (rows, 2^code_bits − 1).

        Row ``lanes * n + lane`` is row ``n`` of a lane.
        """
        return np.concatenate([block for _, block in self._threshold_blocks.values()])

    @cached_property
    def tiles(self) -> tuple[Field, ...]:
        """Tiles of all passes, as fields of a row for each.

        ``offset`` is the address of the word in the bank of the first pixel, from that of the
        window; ``bank`` that bank; ``row`` and ``column`` the position within the kernel, where
        windows are padded; ``part`` which part of codes the word has; ``double`` whether
        accumulators are doubled ahead of it; ``last`` whether it is the last of a group; ``join``
        whether its word is added to codes, and is that far from what is written. Where
        widths share weights, or they come from outside, ``jump`` is the number of rows of weights
        to that of the next tile.
        """
        rows = [row for each in self.tiled for row in self._tile_rows(each)]
        jumps = np.concatenate([each.jumps for each in self.tiled])
        if self.array.feed or (jumps != 1).any():
            rows = [row | {"jump": jump} for row, jump in zip(rows, jumps.tolist(), strict=True)]
        return fields_of(rows, {"offset": self.bank_bits}, self.limits)

    @cached_property
    def descriptors(self) -> tuple[Field, ...]:
        """Descriptors, a row for each pass.

        | field | meaning |
        |---|---|
        | ``tiles``, ``weights``, ``thresholds`` | first rows of the pass in these memories |
        | ``rewind`` | each group takes the same tiles, not tiles of its own |
        | ``groups``, ``steps``, ``rows`` | groups of a step, steps of a row, rows; less one |
        | ``corner`` | address of the upper left corner of the first window |
        | ``to_group``, ``to_step``, ``to_row`` | from a corner to the next |
        | ``block`` | places from a column to the next one in the same bank |
        | ``y``, ``x``, ``y_step``, ``x_step`` | position of the first window, and its steps |
        | ``height``, ``width`` | size of the map that is read |
        | ``pad`` | code of what is beyond it, part by part |
        | ``stride`` | columns between pixels |
        | ``largest`` | largest codes of windows, not sums, leave |
        | ``gap`` | cycles between results, less one |
        | ``beats``, ``last_beats`` | beats of a pixel's results, and of those of its last group |
        | ``pixels``, ``last_pixels`` | pixels of a step, and of the last of a row; all less one |
        | ``whole`` | results of all pixels are added up |
        | ``values`` | accumulator values are kept, no codes are written |
        | ``alike`` | all channels have the same thresholds |
        | ``place``, ``pitch`` | first place of the map that is written, and words of its pixels |

        If a map is added to the codes of any pass, there are also these:

        | field | meaning |
        |---|---|
        | ``joins`` | it is to those of the pass |
        | ``sums`` | first row of the thresholds of sums |
        | ``sums_alike`` | all channels have the same ones |

        If passes copy what they read, there are also these:

        | field | meaning |
        |---|---|
        | ``map``, ``other`` | first words of the maps that are read |
        | ``two`` | two maps are read, not one |
        | ``line``, ``lines`` | words of a row of each, and rows; less one |
        | ``ahead`` | rows that are copied ahead of the first tile, less one |
        | ``words``, ``last_words`` | words of all pixels of a step, and of the last of a row |

        And if the next image enters while passes are under way, there is this:

        | field | meaning |
        |---|---|
        | ``opens`` | it may enter from the end of the pass on |
        """
        rows, tile = [], 0
        for each, weight in zip(self.tiled, self._weight_places, strict=True):
            rows.append(self._descriptor(each) | {"tiles": tile, "weights": weight})
            tile += each.tiles_stored
        if self.maps.ahead:
            rows = [row | {"opens": int(n == self.opens)} for n, row in enumerate(rows)]
        addresses = ("corner", "to_group", "to_step", "to_row")
        widths = dict.fromkeys(addresses, self.bank_bits)
        widths |= dict.fromkeys(("place", "map", "other"), self.address_bits)
        widths |= dict.fromkeys(("y", "x", "height", "width"), self.position_bits)
        widths |= {
            "pad": self.bits * self.parts,
            "weights": (self.weight_rows - 1).bit_length(),
        }
        return fields_of(rows, widths, self.limits)

    @property
    def _weight_places(self) -> list[int]:
        """Row of weights of the first tile of each pass."""
        starts, places, row = {}, [], 0
        for each in self.tiled:
            if isinstance(each, SharedTiles):
                places.append(starts[each.whole] + each.places[0])
            else:
                starts[each] = row
                places.append(row)
                row += len(each.weights)
        return places

    @cached_property
    def opens(self) -> int | None:
        """Pass with whose end the next image may enter; None if it has to wait for all of them."""
        if self.maps.opens is None:
            return None
        stream = self.passes[self.maps.opens].stream
        return max(n for n, each in enumerate(self.tiled) if each.work.stream == stream)

    def gap(self, each: PassTiles) -> int:
        """Least cycles between the results of two groups: those in which they become codes."""
        return 1 if each.work.whole else self.drain(each)

    def drain(self, each: PassTiles) -> int:
        """Cycles in which the results of a group become codes."""
        return each.pixels * each.beats * self.interval

    def words_ahead(self, each: PassTiles) -> int:
        """Words that are copied ahead of the first tile of a pass, one a cycle."""
        if not self.array.copies:
            return 0
        return rows_ahead(each, self.gap(each)) * each.line_words

    def _descriptor(self, each: PassTiles) -> dict[str, int]:
        reading = window_fields(
            each,
            self._bases(each)[0],
            address_bits=self.bank_bits,
            position_bits=self.position_bits,
        )
        place = self._threshold_place(each)
        results = result_fields(each, self.maps, self.gap(each), place)
        copies = copy_fields(each, self.maps, self.gap(each)) if self.array.copies else {}
        return reading | results | self._sum_fields(each) | copies

    def _sum_fields(self, each: PassTiles) -> dict[str, int]:
        """Fields by which codes are added; see :mod:`~threefold.plan.sequential.joined`."""
        if not self.joins:
            return {}
        if not each.work.added:
            return {"joins": 0, "sums": 0, "sums_alike": 0}
        (_, own), (alike, _) = self.blocks(each)
        return {"joins": 1, "sums": len(own) // self.array.lanes, "sums_alike": int(alike)}

    def _bases(self, each: PassTiles) -> list[int]:
        """First places of the maps that a pass reads, in each bank."""
        if self.array.copies:
            return [0, self.banked // 2]
        return [self.maps.bases[name] for name in each.work.sources]

    def _tile_rows(self, each: PassTiles) -> list[dict[str, int]]:
        parts = self.parts if self.maps.source in each.work.sources else 1
        sizes = {"address_bits": self.bank_bits, "joins": self.joins}
        return tile_rows(each, self._bases(each), parts=parts, **sizes)

    @cached_property
    def _threshold_blocks(self) -> dict[bytes, tuple[int, np.ndarray]]:
        """First row within a lane and rows of each block of thresholds, by its content."""
        blocks: dict[bytes, tuple[int, np.ndarray]] = {}
        row = 0
        for each in self.tiled:
            if each.work.thresholds is None:
                continue
            _, block = self.block(each)
            if block.tobytes() not in blocks:
                blocks[block.tobytes()] = row, block
                row += len(block) // self.array.lanes
        return blocks

    def _threshold_place(self, each: PassTiles) -> tuple[bool, int]:
        if each.work.thresholds is None:
            return True, 0
        alike, block = self.block(each)
        return alike, self._threshold_blocks[block.tobytes()][0]

    def block(self, each: PassTiles) -> tuple[bool, np.ndarray]:
        """Thresholds of a pass: int64, shape (rows, 2^code_bits − 1), rows as in ``thresholds``.

        Whether all channels share them, and those of a word, or of all groups; those of sums with
        another map follow. See :mod:`~threefold.plan.sequential.blocks`.
        """
        (alike, own), *others = self.blocks(each)
        return alike, np.concatenate([own, *(block for _, block in others)])

    def blocks(self, each: PassTiles) -> list[tuple[bool, np.ndarray]]:
        """Those of a pass as it is, and those of sums if there are such, as ``block``."""
        return [own_block(self, each), *([sum_block(self, each)] if each.work.added else [])]


def _padding(each: PassTiles) -> tuple[int, int, int, int]:
    return each.work.window.padding
