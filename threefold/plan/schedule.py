"""Schedule: a layer folded onto an array of processing elements, and the tiles that remain."""

import reprlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import PlanError
from ..network import Tensor
from .digits import DigitTiles, digit_tiles
from .layers import ConvLayer
from .program import Program
from .unfolding import Unfolding
from .window import Walk

__all__ = ["Folding", "Schedule", "divisors", "simd_widths"]


@dataclass(frozen=True)
class Folding:
    """Size of a PE array.

    Parameters
    ----------
    pe : int
        Processing elements: filters worked on at once. Where filters read groups of channels,
        either filters of one group, or all filters of several groups.
    simd : int
        Lanes of each: input channels, at one kernel position, worked on at once. Where all filters
        read all channels, also a divisor of the columns of a kernel row, each of them one channel
        at one position, or those of several rows; see :func:`simd_widths`.
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
        if not _positive(self.pe) or layer.rows % self.pe:
            raise PlanError(
                f"PE count of {layer.name!r} must divide {layer.rows} rows, "
                f"not {reprlib.repr(self.pe)}; "
                f"divisors are {', '.join(map(str, divisors(layer.rows)))}"
            )
        if not _positive(self.simd) or (
            layer.depth % self.simd and self.simd not in simd_widths(layer)
        ):
            raise PlanError(_no_width(layer, self.simd))
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
    """The tiles (PE × SIMD) of an output pixel, empty ones left out.

    A tile has one kernel position. Where the SIMD width does not divide the channels, it has
    neighbouring columns of a row of the kernel, or whole rows: the input is unfolded to patches,
    whose codes are channels like others. Pixels that are worked on at once take the same tiles.

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

    @cached_property
    def unfolding(self) -> Unfolding | None:
        """What gathers the input's pixels to patches; None where words are of single pixels."""
        simd, layer = self.folding.simd, self.layer
        if layer.depth % simd == 0:
            return None
        return Unfolding(layer.window, whole=layer.row_columns % simd != 0)

    @cached_property
    def unfolded(self) -> ConvLayer:
        """The layer as the array sees it: over patches where the input is unfolded to them."""
        layer = self.layer
        if self.unfolding is None:
            return layer
        window = self.unfolding.rest
        return replace(
            layer,
            inputs=(Tensor(window.shape, layer.codes),),
            weights=layer.weights.reshape(layer.rows, *window.kernel, window.shape[2]),
            window=window,
        )

    @property
    def row_groups(self) -> int:
        """Groups of filters that the array works on one after the other."""
        return self.layer.rows // self.folding.pe

    @property
    def lanes(self) -> int:
        """Codes in a word of the activation buffer."""
        return self.folding.simd * self.folding.spans(self.layer)

    @property
    def i_lanes(self) -> int:
        """Codes of the input that enter at once: a word, or a pixel to be unfolded."""
        return self.lanes if self.unfolding is None else self.layer.depth

    @property
    def pitch(self) -> int:
        """Words in a pixel of the input, or in a patch."""
        return self.unfolded.window.shape[2] // self.lanes

    @property
    def words(self) -> int:
        """Words of an image."""
        height, width, _ = self.unfolded.window.shape
        return height * width * self.pitch

    @cached_property
    def walk(self) -> Walk:
        """The windows of an image, in words."""
        return self.unfolded.window.walk(self.pitch, self.folding.pixels)

    @property
    def cycles(self) -> int:
        """Cycles of an image in which a tile is worked on."""
        return len(self.tiles) * self.walk.steps

    @cached_property
    def occupancy(self) -> np.ndarray:
        """Which tiles hold a weight: bool, (row groups, kernel height, kernel width, words).

        Of patches that are rows of the kernel the width is 1, and so is the height where they are
        the whole kernel.
        """
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
            first = first * (self.unfolded.depth // self.folding.simd)
        last = np.append(group[1:] != group[:-1], True)
        height, width = self.unfolded.window.kernel
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
        _, height, width, depth = self.unfolded.weights.shape
        words = depth // self.folding.simd
        shape = (self.row_groups, self.folding.pe, height, width, words, self.folding.simd)
        return self.unfolded.weights.reshape(shape).transpose(0, 2, 3, 4, 1, 5)


def simd_widths(layer: ConvLayer) -> list[int]:
    """SIMD widths that a layer can be folded to, ascending.

    They are the divisors of its channels. Where all filters read all channels, columns of the
    kernel can be worked on together as well: the divisors of a kernel row, unless its padding at
    the left is as wide, and whole rows that divide the kernel, unless that at the top is as high.
    """
    (height, width), (top, left, _, _) = layer.window.kernel, layer.window.padding
    widths = set(divisors(layer.depth))
    if layer.groups == 1 and left < width:
        widths.update(divisors(layer.row_columns))
        if top < height:
            widths.update(rows * layer.row_columns for rows in divisors(height))
    return sorted(widths)


def divisors(number: int) -> list[int]:
    """Sizes that divide a number, ascending."""
    return [size for size in range(1, number + 1) if number % size == 0]


def _positive(size: object) -> bool:
    return isinstance(size, int | np.integer) and int(size) >= 1


def _no_width(layer: ConvLayer, simd: object) -> str:
    """Why a layer cannot be folded to a SIMD width."""
    whole, what, widths = (
        f"{layer.depth} channel{'s' * (layer.depth > 1)}",
        "divisors",
        simd_widths(layer),
    )
    if layer.window.kernel == (1, 1):
        whole = f"{layer.depth} column{'s' * (layer.depth > 1)}"
    if widths[-1] > layer.depth:
        what = "possible"
        if layer.row_columns > layer.depth:
            whole += f" or the {layer.row_columns} columns of a kernel row"
        if widths[-1] > layer.row_columns:
            whole += ", or be several kernel rows"
    return (
        f"SIMD width of {layer.name!r} must divide {whole}, not {reprlib.repr(simd)}; "
        f"{what} are {', '.join(map(str, widths))}"
    )
