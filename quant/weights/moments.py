"""Mean and standard deviation of the weights that are left."""

from torch import Tensor

from .base import SMALLEST, exact_sum, over_filters

__all__ = ["moments"]

_TINY = 2.0**-200  # nothing that single precision or its square holds is smaller


def moments(
    weight: Tensor, mask: Tensor, *, per_filter: bool, exact: bool
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, with the correction for a sample, of all or of each filter.

    Parameters
    ----------
    weight : float tensor, shape (filters, ...)
        0 where ``mask`` is False.
    mask : bool tensor of the shape of ``weight``
        False where a weight does not count.
    per_filter : bool
    exact : bool
        In double precision and the same for every order of summation, without gradients that
        mean something. Otherwise in the precision of ``weight``, with gradients.

    Returns
    -------
    mean, deviation : tensors, shape () or (filters,)
        The deviation is at least 2⁻³⁶.
    """
    if exact:
        weight = weight.double()
    total = _exact_total if exact else _total
    count = _total(mask, per_filter)
    mean = total(weight, per_filter) / count.clamp(min=1)
    apart = (weight - over_filters(mean, weight)) * mask
    variance = total(apart.square(), per_filter) / (count - 1).clamp(min=1)
    return mean, variance.clamp(min=SMALLEST**2).sqrt()


def _total(values: Tensor, per_filter: bool) -> Tensor:
    return values.flatten(1).sum(1) if per_filter else values.sum()


def _exact_total(values: Tensor, per_filter: bool) -> Tensor:
    """Relative to the largest, so that small weights are as precise as large ones."""
    magnitude = values.abs()
    largest = magnitude.flatten(1).amax(1) if per_filter else magnitude.max()
    largest = largest.clamp(min=_TINY)
    return exact_sum(values / over_filters(largest, values), per_filter) * largest
