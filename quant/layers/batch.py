"""Batch statistics, also over several processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["mean_square", "moments", "sharing"]

_Gather = Callable[[Tensor], Tensor]

_gathers: list[tuple[_Gather, bool]] = []  # the last one holds; none: all images are here


@contextmanager
def sharing(gather: _Gather, counts: bool = True) -> Iterator[None]:
    """Let the statistics within the block be those of the images of all processes.

    Parameters
    ----------
    gather : function
        Gives the tensors (n,) of all processes as one, (processes, n), and hands gradients back.
    counts : bool
        Whether images of this process count; if not, they only keep it in step with the others.
    """
    _gathers.append((gather, counts))
    try:
        yield
    finally:
        _gathers.pop()


def moments(values: Tensor) -> tuple[Tensor, Tensor, Tensor | float]:
    """Variance and mean of each channel, with gradients.

    Those of several processes are put together as in Chan, Golub, LeVeque, "Updating formulae
    and a pairwise algorithm for computing sample variances", 1979.

    Parameters
    ----------
    values : tensor, shape (images, channels, ...)
        This process' share of the batch.

    Returns
    -------
    var, mean : tensor, shape (channels,)
    correction : float or tensor of shape ()
        What makes the variance that of the population: n / (n − 1) of n values a channel.
    """
    axes = [axis for axis in range(values.ndim) if axis != 1]
    count = values.numel() // values.shape[1]
    if not _gathers:
        var, mean = torch.var_mean(values, axes, correction=0)
        return var, mean, count / max(count - 1, 1)
    gather, present = _gathers[-1]
    var, mean = torch.var_mean(values, axes, correction=0)
    mine = torch.cat((var, mean, var.new_full((1,), count * present)))
    variances, means, counts = gather(mine).split((len(var), len(var), 1), dim=1)
    total = counts.sum()
    mean = (means * counts / total).sum(0)
    var = ((variances + (means - mean).square()) * counts / total).sum(0)
    return var, mean, total / (total - 1).clamp(min=1)


def mean_square(values: Tensor) -> Tensor:
    """Mean of the squares of all values, shape ()."""
    if not _gathers:
        return values.square().mean()
    gather, present = _gathers[-1]
    mine = torch.stack((values.square().sum(), values.new_tensor(values.numel())))
    total, count = gather(mine * present).sum(0)
    return total / count
