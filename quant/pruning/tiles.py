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

    The inputs of a fully connected layer are channels at one position, in the order row, column,
    channel where it reads maps.

    Parameters
    ----------
    pe : int
        Filters.
    simd : int
        Input channels; of a convolution in groups, those of one group.
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
        """The largest tile of at most ``pe`` × ``simd`` that divides a layer."""
        filters, depth = layer.weight.shape[:2]
        sizes = product(range(1, min(pe, filters) + 1), range(1, min(simd, depth) + 1))
        tiles = (cls(*size, whole_kernel) for size in sizes)
        fitting = (tile for tile in tiles if tile.divides(layer))
        return max(fitting, key=lambda tile: (tile.pe * tile.simd, tile.pe))

    def divides(self, layer: Product) -> bool:
        """Whether an array of this size can be planned for a layer, see :class:`Folding`."""
        filters, depth = layer.weight.shape[:2]
        if filters % self.pe or depth % self.simd:
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
            connected layers.
        """
        filters, depth, *kernel = weight.shape
        height, width = kernel or (1, 1)
        rows, words = filters // self.pe, depth // self.simd
        parts = weight.reshape(rows, self.pe, words, self.simd, height, width)
        if self.whole_kernel:
            return parts.transpose(1, 2).reshape(rows, 1, 1, words, -1)
        return parts.permute(0, 4, 5, 2, 1, 3).reshape(rows, height, width, words, -1)

    def norms(self, weight: Tensor) -> Tensor:
        """Euclidean norm of each tile, of the shape of :meth:`blocks` without its last axis."""
        return torch.linalg.vector_norm(self.blocks(weight), dim=-1)

    def kept(self, mask: Tensor) -> Tensor:
        """Which tiles hold a weight that is not pruned: bool, of the shape of :meth:`norms`."""
        return self.blocks(mask).any(-1)

    def mask(self, kept: Tensor, shape: torch.Size) -> Tensor:
        """The mask of weights of ``shape`` that has these tiles left; the inverse of ``kept``."""
        filters, depth, *kernel = shape
        height, width = kernel or (1, 1)
        rows, words = filters // self.pe, depth // self.simd
        each = kept.expand(rows, height, width, words)[..., None, None]
        each = each.expand(rows, height, width, words, self.pe, self.simd)
        return each.permute(0, 4, 3, 5, 1, 2).reshape(shape)


def _groups(layer: Product) -> int:
    return layer.groups if isinstance(layer, Convolution) else 1
