"""Statistics of a batch, whose images may be spread over several processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["mean_square", "moments", "sharing"]

_gathers: list[Callable[[Tensor], Tensor]] = []  # the last one holds; none: all images are here


@contextmanager
def sharing(gather: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let the statistics within the block be those of the images of all processes.

    Parameters
    ----------
    gather : function
        Gives the tensors (n,) of all processes as one, (processes, n), and hands gradients back.
    """
    _gathers.append(gather)
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
        This process' share of the batch, which may hold no image if there are other processes.

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
    # Of no image the sums are 0, and still call for gradients as in the other processes.
    both = torch.var_mean(values, axes, correction=0) if count else [values.sum(axes)] * 2
    parts = _gathers[-1](torch.cat((*both, both[0].new_full((1,), count))))
    variances, means, counts = parts.split((values.shape[1], values.shape[1], 1), dim=1)
    total = counts.sum()
    mean = (means * counts / total).sum(0)
    var = ((variances + (means - mean).square()) * counts / total).sum(0)
    return var, mean, total / (total - 1).clamp(min=1)


def mean_square(values: Tensor) -> Tensor:
    """Mean of the squares of all values, shape ()."""
    if not _gathers:
        return values.square().mean()
    parts = torch.stack((values.square().sum(), values.new_tensor(values.numel())))
    total, count = _gathers[-1](parts).sum(0)
    return total / count
