"""Weight tiles: the work of a PE array in one cycle, done or skipped."""

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from threefold.errors import TrainingError

from ..layers import Convolution, Product

__all__ = ["Tile"]


@dataclass(frozen=True)
class Tile:
    """A group of weights that is pruned as one.

    That is ``pe`` consecutive filters × ``simd`` consecutive input channels × one position of
    the kernel: the tile of an array folded to PE × SIMD, which costs a cycle an output pixel
    and a row of memory unless all its weights are 0. With ``whole_kernel`` it is all positions,
    so as many tiles of that array. The groups of Yang, He, Fan, "Harmonious coexistence of
    structured weight pruning and ternarization for deep neural networks", AAAI 2020, are
    ``Tile(1, G, whole_kernel=True)``.

    As in a folding, ``simd`` may also be a divisor of the columns of a kernel row, which are
    channels at neighbouring positions, or those of several rows. Then a tile has so many of them,
    in the order row, column, channel.

    The inputs of a fully connected layer are channels at one position, in the order row, column,
    channel where it reads maps.

    Parameters
    ----------
    pe : int
        Filters.
    simd : int
        Input channels; of a convolution in groups, those of one group. Without groups, and unless
        tiles have whole kernels, columns of a kernel as well.
    whole_kernel : bool
        All positions of the kernel.

    Raises
    ------
    TrainingError
        If a size is not positive.
    """

    pe: int
    simd: int
    whole_kernel: bool = False

    def __post_init__(self):
        if self.pe < 1 or self.simd < 1:
            raise TrainingError(f"a tile has at least 1×1 weights, not {self.pe}×{self.simd}")

    @classmethod
    def within(cls, layer: Product, pe: int, simd: int, whole_kernel: bool = False) -> "Tile":
        """The largest tile of at most ``pe`` × ``simd`` channels that divides a layer."""
        filters, depth = layer.weight.shape[:2]
        widths = [width for width in range(1, min(simd, depth) + 1) if depth % width == 0]
        sizes = product(range(1, min(pe, filters) + 1), widths)
        tiles = (cls(*size, whole_kernel) for size in sizes)
        fitting = (tile for tile in tiles if tile.divides(layer))
        return max(fitting, key=lambda tile: (tile.pe * tile.simd, tile.pe))

    def divides(self, layer: Product) -> bool:
        """Whether an array of this size can be planned for a layer, see :class:`Folding`."""
        filters, depth = layer.weight.shape[:2]
        if filters % self.pe or (depth % self.simd and not self._spans(layer)):
            return False
        of_group = filters // _groups(layer)
        if self.pe > of_group:  # several groups at once, and all of their channels
            return self.pe % of_group == 0 and self.simd == depth
        return of_group % self.pe == 0

    def check(self, layer: Product, name: str) -> None:
        """Raise unless the tile divides ``layer``, which errors call ``name``.

        Raises
        ------
        TrainingError
            If it does not.
        """
        if self.divides(layer):
            return
        filters, depth = layer.weight.shape[:2]
        groups, shape = _groups(layer), f"{filters} filters × {depth} channels"
        if groups > 1:
            shape = f"{groups} groups of {filters // groups} filters × {depth} channels"
        elif (row := _row_columns(layer)) > depth and Tile(1, row, self.whole_kernel)._spans(layer):
            shape += f" or the {row} columns of a kernel row"
        nearest = Tile.within(layer, self.pe, self.simd)
        raise TrainingError(
            f"tiles of {name} must divide {shape}, not be {self.pe}×{self.simd}; "
            f"take {nearest.pe}×{nearest.simd}"
        )

    def blocks(self, weight: Tensor) -> Tensor:
        """The weights of each tile, in the order in which an array works on them.

        Parameters
        ----------
        weight : tensor, shape (filters, channels of a group, ...)

        Returns
        -------
        blocks : shape (filters / pe, height, width, channels / simd, weights of a tile)
            Height and width are those of the kernel; 1 with ``whole_kernel`` and for fully
            connected layers. Where tiles have columns of a kernel row the width is 1, with
            whole rows the height as well, and words are divided by ``simd``.
        """
        rows, height, width, words = self._grid(weight.shape)
        if self.whole_kernel:
            parts = weight.reshape(rows, self.pe, words, self.simd, -1)
            return parts.transpose(1, 2).reshape(rows, 1, 1, words, -1)
        parts = weight.reshape(*weight.shape[:2], -1).transpose(1, 2)
        parts = parts.reshape(rows, self.pe, height, width, words, self.simd)
        return parts.permute(0, 2, 3, 4, 1, 5).reshape(rows, height, width, words, -1)

    def norms(self, weight: Tensor) -> Tensor:
        """Euclidean norm of each tile, of the shape of :meth:`blocks` without its last axis."""
        return torch.linalg.vector_norm(self.blocks(weight), dim=-1)

    def kept(self, mask: Tensor) -> Tensor:
        """Which tiles hold a weight that is not pruned: bool, of the shape of :meth:`norms`."""
        return self.blocks(mask).any(-1)

    def mask(self, kept: Tensor, shape: torch.Size) -> Tensor:
        """The mask of weights of ``shape`` that has these tiles left; the inverse of ``kept``."""
        rows, height, width, words = self._grid(shape)
        if self.whole_kernel:
            each = kept.reshape(rows, 1, words, 1, 1).expand(-1, self.pe, -1, self.simd, -1)
            each = each.reshape(*shape[:2], 1).expand(-1, -1, shape[2:].numel())
            return each.reshape(shape)
        each = kept.reshape(rows, 1, height, width, words, 1)
        each = each.expand(-1, self.pe, -1, -1, -1, self.simd)
        return each.reshape(shape[0], -1, shape[1]).transpose(1, 2).reshape(shape)

    def _grid(self, shape: torch.Size) -> tuple[int, int, int, int]:
        """Row groups, rows and columns of the kernel, and words of a position, for a layer."""
        filters, depth, *kernel = shape
        height, width = kernel or (1, 1)
        if self.whole_kernel:
            height, width = 1, 1
        elif depth % self.simd:  # columns are channels like others
            depth, width = depth * width, 1
            if depth % self.simd:
                depth, height = depth * height, 1
        return filters // self.pe, height, width, depth // self.simd

    def _spans(self, layer: Product) -> bool:
        """Whether it has columns of a kernel row, or whole rows, of a layer."""
        if self.whole_kernel or not isinstance(layer, Convolution) or layer.groups > 1:
            return False
        (height, width), (top, left, _, _) = layer.kernel, layer.padding
        row = _row_columns(layer)
        whole_rows = self.simd % row == 0 and height * row % self.simd == 0 and top < height
        return left < width and (row % self.simd == 0 or whole_rows)


def _groups(layer: Product) -> int:
    return layer.groups if isinstance(layer, Convolution) else 1


def _row_columns(layer: Product) -> int:
    """Inputs of each filter in a row of its kernel."""
    width = layer.kernel[1] if isinstance(layer, Convolution) else 1
    return layer.weight.shape[1] * width
