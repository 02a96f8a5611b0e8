"""Selection of the layers to prune, and of their tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from threefold.errors import TrainingError

from ..deploy.graph import weighted
from ..layers import Product
from ..models import Model
from .config import Pruning
from .tiles import Tile

__all__ = ["Tiled", "counts", "select"]


@dataclass(frozen=True, eq=False)
class Tiled:
    """A layer that is pruned in tiles.

    Parameters
    ----------
    name : str
        Name of the node that the layer becomes when it is exported.
    layer : Product
    tile : Tile
    """

    name: str
    layer: Product
    tile: Tile

    @property
    def weight(self) -> Tensor:
        """Latent weights, 0 where they are pruned."""
        return self.layer.weight * self.layer.mask

    @property
    def norms(self) -> Tensor:
        """Norm of each tile, (row groups, height, width, words)."""
        return self.tile.norms(self.weight)

    @property
    def kept(self) -> Tensor:
        """Which tiles are left: bool, of the shape of ``norms``."""
        return self.tile.kept(self.layer.mask)

    @torch.no_grad()
    def keep(self, kept: Tensor) -> None:
        """Prune all tiles but these; what is pruned already stays so."""
        mask = self.layer.mask
        mask.logical_and_(self.tile.mask(kept, mask.shape))
        self.layer.weight.mul_(mask)


def select(model: Model, pruning: Pruning) -> list[Tiled]:
    """The layers that ``pruning`` is for, in the order of computation.

    Parameters
    ----------
    model : Model
        Ternary or float: layers of both have the names of the exported network, ``conv1``,
        ``conv2``, …, ``fc1``, ….
    pruning : Pruning

    Raises
    ------
    TrainingError
        If a named layer does not exist, or its tile does not divide it, or nothing is left to
        be pruned.
    """
    layers = weighted(model)
    named = dict(pruning.tiles)
    for name, size in named.items():
        if name not in layers:
            raise TrainingError(
                f"no layer with weights is named {name!r}; there are {', '.join(layers)}"
            )
        Tile(*size).check(layers[name], name)
    left_out = set()
    if not pruning.first:
        left_out |= {next(iter(layers), None)}
    if not pruning.last:
        left_out |= {next(reversed(layers), None)}
    selected = []
    for name, layer in layers.items():
        if name in named:
            tile = Tile(*named[name], pruning.whole_kernel)
        elif name in left_out:
            continue
        else:
            tile = Tile.within(layer, *pruning.tile, pruning.whole_kernel)
        selected.append(Tiled(name, layer, tile))
    if not selected:
        raise TrainingError("no layer is left to be pruned; prune the first and the last one, too")
    return selected


def counts(layers: Sequence[Tiled]) -> dict[str, dict]:
    """Tiles of each layer and how many of them are pruned, as JSON values by name.

    With ``whole_kernel`` a tile counts once, not once a position.
    """
    return {
        each.name: {
            "tile": [each.tile.pe, each.tile.simd],
            "whole_kernel": each.tile.whole_kernel,
            "tiles": each.kept.numel(),
            "pruned": int((~each.kept).sum()),
        }
        for each in layers
    }
