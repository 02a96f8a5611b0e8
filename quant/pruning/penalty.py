"""Group lasso, and its clipping.

Yang, He, Fan, "Harmonious coexistence of structured weight pruning and ternarization for deep
neural networks", AAAI 2020, as in code of its lineage.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .config import FRACTION
from .selection import Tiled

__all__ = ["clipped_lasso", "group_lasso", "limit_of"]


def clipped_lasso(norms: Tensor, kept: Tensor, limit: Tensor | None) -> Tensor:
    """Sum over the tiles of one layer of min(norm, limit).

    No gradient passes through the limit: large tiles are left alone, small ones pulled to 0 by a
    force that does not depend on their size.

    Parameters
    ----------
    norms : tensor of float
        Of the tiles.
    kept : tensor of bool, of the shape of ``norms``
        Tiles that are not pruned; no other counts.
    limit : tensor, shape (), or None
        See :func:`limit_of`; None for plain group lasso, Σ norm.

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> clipped_lasso(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([True] * 3), torch.tensor(1.5))
    tensor(4.)
    """
    norms = norms * kept
    if limit is not None:
        norms = torch.where(norms < limit, norms, limit * kept)
    return norms.sum()


@torch.no_grad()
def limit_of(
    norms: Tensor, kept: Tensor, clip: float | str | None, fraction: float
) -> Tensor | None:
    """Norm from which a tile is left alone; it follows the layer in every step.

    Parameters
    ----------
    norms, kept
        As for :func:`clipped_lasso`.
    clip : float, str or None
        A number r gives the limit of the paper, r · mean norm of the tiles that are left.
        ``"fraction"`` gives the norm of the smallest tile that is to stay, so that just those are
        pulled that will go. A quarter of the tiles is usually below r = 0.7. None gives none.
    fraction : float
        Of all tiles that are to go in the end.

    Returns
    -------
    tensor, shape (), or None
    """
    if clip is None:
        return None
    if clip == FRACTION:
        places = (norms * kept).flatten().sort().values
        return places[min(round(fraction * places.numel()), places.numel() - 1)]
    return clip * (norms * kept).sum() / kept.sum().clamp(min=1)


def group_lasso(
    layers: Sequence[Tiled], clip: float | str | None = 0.7, fraction: float = 0.0
) -> Tensor:
    """Σ over layers of :func:`clipped_lasso`, shape (); the loss takes λ times this."""
    total = 0.0
    for each in layers:
        norms, kept = each.norms, each.kept
        total = total + clipped_lasso(norms, kept, limit_of(norms, kept, clip, fraction))
    return total
