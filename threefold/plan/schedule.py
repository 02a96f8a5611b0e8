"""Schedule: a layer folded onto an array of processing elements, and the tiles that remain."""

import reprlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import PlanError
from .digits import DigitTiles, digit_tiles
from .layers import ConvLayer
from .program import Program
from .window import Walk

__all__ = ["Folding", "Schedule", "divisors"]


@dataclass(frozen=True)
class Folding:
    """Size of a PE array.

    Parameters
    ----------
    pe : int
        Processing elements: filters worked on at once. Where filters read groups of channels,
        either filters of one group, or all filters of several groups.
    simd : int
        Lanes of each: input channels, at one kernel position, worked on at once.
    pixels : int
        Neighbouring output pixels of a row worked on at once, each by as many processing elements:
        they share what is read of the weights.
    """

    pe: int
    simd: int
    pixels: int = 1

    def check(self, layer: ConvLayer) -> None:
        """Raise unless this folding divides the layer.

        Raises
        ------
        PlanError
            If it does not.
        """
        columns = "columns" if layer.window.kernel == (1, 1) else "channels"
        for what, size, whole, unit in (
            ("PE count", self.pe, layer.rows, "rows"),
            ("SIMD width", self.simd, layer.depth, columns),
        ):
            if not isinstance(size, int | np.integer) or size < 1 or whole % size:
                raise PlanError(
                    f"{what} of {layer.name!r} must divide {whole} {unit}, "
                    f"not {reprlib.repr(size)}; "
                    f"divisors are {', '.join(map(str, divisors(whole)))}"
                )
        columns = layer.window.out[1] if layer.thresholds is not None else 1
        if not isinstance(self.pixels, int | np.integer) or not 1 <= self.pixels <= columns:
            raise PlanError(
                f"pixels of {layer.name!r} worked on at once must be 1 to {columns}, "
                f"not {reprlib.repr(self.pixels)}"
            )
        of_group = layer.rows // layer.groups
        if self.pe > of_group:
            if self.pe % of_group:
                raise PlanError(
                    f"PE count of {layer.name!r} must be a divisor or a multiple of the "
                    f"{of_group} filters of a group, not {self.pe}"
                )
            if self.simd != layer.depth:
                raise PlanError(
                    f"{self.pe} PEs of {layer.name!r} take several groups at once, so the SIMD "
                    f"width must be their {layer.depth} channels, not {self.simd}"
                )
        elif of_group % self.pe:
            raise PlanError(
                f"PE count of {layer.name!r} must be a divisor or a multiple of the "
                f"{of_group} filters of a group, not {self.pe}"
            )

    def divides(self, layer: ConvLayer) -> bool:
        """Whether this folding divides the layer."""
        try:
            self.check(layer)
        except PlanError:
            return False
        return True

    def spans(self, layer: ConvLayer) -> int:
        """Groups of channels that are worked on at once."""
        return max(1, self.pe * layer.groups // layer.rows)

    @property
    def lanes(self) -> int:
        """Weights times codes worked on at once, those of all pixels."""
        return self.pe * self.simd * self.pixels

    def __str__(self) -> str:
        """``PE×SIMD``, and the pixels if they are several."""
        return "×".join(map(str, (self.pe, self.simd, self.pixels)[: 2 + (self.pixels > 1)]))


@dataclass(frozen=True, eq=False)
class Schedule:
    """The tiles (PE × SIMD at one kernel position) of an output pixel, empty ones left out.

    Pixels that are worked on at once take the same tiles.

    Weights of several digits are as many tiles, those that hold such a digit, one digit after the
    other; see :mod:`~threefold.plan.digits`.

    Filters are folded outermost, so that every processing element needs one accumulator. A
    group of rows without any weight keeps one empty tile: its result still has to leave.

    Parameters
    ----------
    layer : ConvLayer
    folding : Folding

    Raises
    ------
    PlanError
        If the folding does not divide the layer.
    """

    layer: ConvLayer
    folding: Folding

    def __post_init__(self):
        self.folding.check(self.layer)

    @property
    def row_groups(self) -> int:
        """Groups of filters that the array works on one after the other."""
        return self.layer.rows // self.folding.pe

    @property
    def lanes(self) -> int:
        """Codes in a word of the input."""
        return self.folding.simd * self.folding.spans(self.layer)

    @property
    def pitch(self) -> int:
        """Words of SIMD codes in a pixel of the input."""
        return self.layer.window.shape[2] // self.lanes

    @property
    def words(self) -> int:
        """Words of an image."""
        height, width, _ = self.layer.window.shape
        return height * width * self.pitch

    @cached_property
    def walk(self) -> Walk:
        """The windows of an image, in words."""
        return self.layer.window.walk(self.pitch, self.folding.pixels)

    @property
    def cycles(self) -> int:
        """Cycles of an image in which a tile is worked on."""
        return len(self.tiles) * self.walk.steps

    @cached_property
    def occupancy(self) -> np.ndarray:
        """Which tiles hold a weight: bool, (row groups, kernel height, kernel width, words)."""
        return np.asarray(self._tiles().any(axis=(4, 5)))

    @property
    def densities(self) -> np.ndarray:
        """Share of weights that are not 0 in each place of a tile, as in :attr:`occupancy`."""
        return np.asarray((self._tiles() != 0).mean(axis=(4, 5)))

    @cached_property
    def finished(self) -> ConvLayer:
        """The layer with the thresholds or offsets of accumulator values that digits come to."""
        return self.layer.with_complements(self._digits.complements)

    @property
    def tiles(self) -> np.ndarray:
        """Row group, kernel row, kernel column and word of each tile: int64, (tiles, 4)."""
        return self._digits.places

    @property
    def weights(self) -> np.ndarray:
        """Ternary weights of every tile worked on: int8, shape (tiles, PE, SIMD)."""
        return self._digits.weights

    @property
    def doubles(self) -> np.ndarray:
        """Whether the accumulator is doubled ahead of each tile, for a further digit: bool."""
        return self._digits.doubles

    @cached_property
    def program(self) -> Program:
        """Which word each tile reads."""
        group, row, column, word = self.tiles.T
        first = group * self.folding.pe * self.layer.groups // self.layer.rows
        if self.folding.spans(self.layer) > 1:
            first = group  # a word holds all channels of the groups worked on
        else:
            first = first * (self.layer.depth // self.folding.simd)
        last = np.append(group[1:] != group[:-1], True)
        height, width = self.layer.window.kernel
        return Program(row, column * self.pitch + first + word, last, height, width * self.pitch)

    @property
    def tiles_in_all(self) -> int:
        """Tiles of a pixel, the empty ones of all digits included."""
        return self.occupancy.size * self.layer.digits

    @property
    def skipped(self) -> int:
        """Tiles of a pixel that cost neither a cycle nor a memory row."""
        return self.tiles_in_all - len(self.tiles)

    @cached_property
    def stored(self) -> np.ndarray:
        """Which bits of weights differ between tiles: bool, shape (PE, SIMD, 2).

        The first bit of a weight says that it is not 0, the second that it is −1. Synthesis drops
        those that are the same in all tiles, such as the first ones of binary layers.
        """
        bits = np.stack([self.weights != 0, self.weights < 0], axis=-1)
        return np.asarray(bits.any(axis=0) & ~bits.all(axis=0))

    @property
    def row_bits(self) -> int:
        """Width of a weight row as it is stored, without bits that are the same in all.

        Where weights have several digits, a bit says whether the accumulator is doubled.
        """
        return int(np.count_nonzero(self.stored)) + bool(self.doubles.any())

    @property
    def weight_bits(self) -> int:
        """Bits of weight memory, the index of skipped tiles included; none for constants."""
        return (self.row_bits + self.program.bits) * len(self.tiles)

    @cached_property
    def _digits(self) -> DigitTiles:
        return digit_tiles(self._tiles(), self.layer.digits)

    def _tiles(self) -> np.ndarray:
        """Weights as (row groups, kernel height, kernel width, words, PE, SIMD)."""
        _, height, width, depth = self.layer.weights.shape
        words = depth // self.folding.simd
        shape = (self.row_groups, self.folding.pe, height, width, words, self.folding.simd)
        return self.layer.weights.reshape(shape).transpose(0, 2, 3, 4, 1, 5)


def divisors(number: int) -> list[int]:
    """Sizes that divide a number, ascending."""
    return [size for size in range(1, number + 1) if number % size == 0]
