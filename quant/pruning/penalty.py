"""Group lasso, and its clipping.

Yang, He, Fan, "Harmonious coexistence of structured weight pruning and ternarization for deep
neural networks", AAAI 2020, as in code of its lineage.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .selection import Tiled

__all__ = ["clipped_lasso", "group_lasso"]


def clipped_lasso(norms: Tensor, kept: Tensor, clip: float | None) -> Tensor:
    """Sum over the tiles of one layer of min(norm, clip · mean norm).

    The limit follows the layer in every step, and no gradient passes through it: large tiles are
    left alone, small ones pulled to 0 by a force that does not depend on their size.

    Parameters
    ----------
    norms : tensor of float
        Norms of the tiles.
    kept : tensor of bool, of the shape of ``norms``
        Tiles that are not pruned; no other counts in sum or mean.
    clip : float or None
        r of the paper; None for plain group lasso, Σ norm.

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> clipped_lasso(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([True] * 3), 0.5)
    tensor(4.)
    """
    norms = norms * kept
    if clip is None:
        return norms.sum()
    mean = norms.detach().sum() / kept.sum().clamp(min=1)
    return torch.minimum(norms, clip * mean).sum()


def group_lasso(layers: Sequence[Tiled], clip: float | None = 0.7) -> Tensor:
    """Σ over layers of :func:`clipped_lasso`, shape (); the loss takes λ times this."""
    return sum(clipped_lasso(each.norms, each.kept, clip) for each in layers)
