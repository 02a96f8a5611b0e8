"""Pruning masks: the choice of tiles."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .selection import Tiled

__all__ = ["prune", "prune_collapsed"]


@torch.no_grad()
def prune(layers: Sequence[Tiled], fraction: float, scope: str = "layer") -> None:
    """Prune the smallest tiles until so many are; those that were pruned before count.

    The largest tile of each group of filters stays, since hardware without it has to work on an
    empty one in its place.

    Parameters
    ----------
    layers : sequence of Tiled
    fraction : float
        Share of all tiles, to the nearest integer, or as near as groups of filters allow.
    scope : str
        ``"layer"``: of each layer. ``"network"``: of all together, where a norm counts by
        norm / (√(weights of a tile) · root mean square of the layer's weights left).
    """
    if scope == "layer":
        for each in layers:
            _prune([each], [each.norms], fraction)
    else:
        _prune(layers, [each.norms / _typical(each) for each in layers], fraction)


@torch.no_grad()
def prune_collapsed(layers: Sequence[Tiled], limit: float) -> None:
    """Prune tiles whose norm is below ``limit`` times the mean of those left in their layer.

    The largest tile of each group of filters stays.
    """
    for each in layers:
        norms, kept = each.norms, each.kept
        mean = norms.sum() / kept.sum().clamp(min=1)
        each.keep((norms >= limit * mean) | _largest(norms))


def _prune(layers: Sequence[Tiled], norms: Sequence[Tensor], fraction: float) -> None:
    scores = [
        torch.where(each.kept, norm.masked_fill(_largest(norm), torch.inf), -1).flatten()
        for each, norm in zip(layers, norms, strict=True)
    ]
    total = sum(score.numel() for score in scores)
    most = total - sum(len(norm) for norm in norms)
    count = min(round(fraction * total), most)
    order = torch.cat(scores).argsort(stable=True)
    kept = torch.ones(total, dtype=torch.bool, device=order.device)
    kept[order[:count]] = False
    sizes = [score.numel() for score in scores]
    for each, norm, part in zip(layers, norms, kept.split(sizes), strict=True):
        each.keep(part.reshape(norm.shape))


def _largest(norms: Tensor) -> Tensor:
    """The largest tile of each group of filters: bool."""
    flat = norms.flatten(1)
    places = torch.arange(flat.shape[1], device=norms.device)
    return (places == flat.argmax(1, keepdim=True)).reshape(norms.shape)


def _typical(each: Tiled) -> Tensor:
    """Norm of a tile that is like the layer's weights, never 0."""
    mask, weight = each.layer.mask, each.weight
    mean_square = weight.double().square().sum() / mask.sum().clamp(min=1)
    size = each.tile.blocks(mask).shape[-1]
    return (mean_square * size).sqrt().clamp(min=torch.finfo(torch.float32).tiny).float()
