"""Contents of the memories that an array works by: descriptors, tiles, weights and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..latency import READER_LATENCY
from .blocks import own_block, sum_block
from .copying import copy_fields, rows_ahead
from .fields import Field, fields_of
from .reading import tile_rows, window_fields
from .shared import SharedTiles
from .sizes import Sizes
from .tiles import PassTiles
from .writing import result_fields

__all__ = ["Contents"]


@dataclass(frozen=True, eq=False)
class Contents(Sizes):
    """What the memories of an array hold for its passes.

    All numbers are known beforehand, so that hardware only counts and adds. Addresses are those of
    a bank of the map buffer, or of the memory that passes copy their maps from; what is subtracted
    from one is added modulo its width. The parameters are those of :class:`.sizes.Sizes`.
    """

    @cached_property
    def offsets(self) -> np.ndarray | None:
        """Offsets of the logits that leave, or None: int64, shape (channels,)."""
        return self._offsets(self.once)

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
        passes = (*self.once, *self.tiled[len(self.by_width[0]) :])
        own = [each.weights for each in passes if not isinstance(each, SharedTiles)]
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
            rows = [row | {"opens": int(n in self.openings)} for n, row in enumerate(rows)]
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
    def openings(self) -> list[int]:
        """Passes with whose end the next image may enter."""
        return self.maps.openings(self.tiled)

    @property
    def reader_latency(self) -> int:
        """Cycles from a tile to its words, and from the address of a row of weights to the row.

        Two more where the program comes while passes are under way: such arrays are large, and
        their memories far from them.
        """
        return READER_LATENCY + 2 * self.maps.ahead

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
        return [self.maps.base(name, each.work.image) for name in each.work.sources]

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
