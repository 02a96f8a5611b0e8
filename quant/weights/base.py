"""Base of weight quantizers."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

__all__ = ["SMALLEST", "WeightQuantizer", "exact_sum", "over_filters", "within_one"]

SMALLEST = 2.0**-36
"""The smallest scale, which layers without a weight have."""

_UNIT = 2.0**-36  # of the fixed-point sum below: room for 2²⁷ values of size 1


class WeightQuantizer(ABC, nn.Module):
    """Weight quantizer: integers and a scale from the latent weights of one layer.

    Parameters
    ----------
    per_filter : bool
        One scale for each filter; one for the layer otherwise. Layers with a bias, such as
        classifiers, have one for the layer.
    """

    largest = 1
    """Largest magnitude of a code."""

    @property
    def bits(self) -> int:
        """Width of a code, sign included: 2 of −1, 0 and +1."""
        return self.largest.bit_length() + 1

    def __init__(self, *, per_filter: bool = False):
        super().__init__()
        self.per_filter = per_filter

    def start(self, weight: Tensor) -> None:
        """Set what is learned beside the weights by those that training starts from.

        Parameters
        ----------
        weight : float tensor, shape (filters, ...)
            Latent weights, 0 where they are pruned.
        """

    def learned_thresholds(self) -> list[nn.Parameter]:
        """What is learned and decides which weights are 0; see ``TrainConfig.two_pass``."""
        return []

    def learned_scales(self) -> list[nn.Parameter]:
        """What is learned as a scale; see ``TrainConfig.scale_decay``."""
        return []

    @abstractmethod
    def forward(self, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes of ``weight`` and their scale; gradients reach what is learned.

        Parameters
        ----------
        weight : float tensor, shape (filters, ...)
            Latent weights, 0 where they are pruned.
        mask : bool tensor of the shape of ``weight``
            False where a weight is pruned: its code is 0, and no statistic counts it.

        Returns
        -------
        codes : float tensor of the shape of ``weight``
            Integers of at most ``largest`` in magnitude. In evaluation mode, the same on every
            device and for every number of threads.
        scale : tensor, shape () or (filters,)
            Positive; as exact as ``codes``, and in double precision, in evaluation mode.
        """

    def extra_repr(self) -> str:
        return f"per_filter={self.per_filter}"

    def learn(self, name: str, values: Tensor) -> None:
        """Set what is learned as ``name``, in place where an optimizer may know it already."""
        known = getattr(self, name)
        if known.shape == values.shape:
            known.data.copy_(values)
        else:
            setattr(self, name, nn.Parameter(values.clone()))


def exact_sum(values: Tensor, per_filter: bool) -> Tensor:
    """Sums of ``values``, (filters, ...), over all or over each filter, in double precision.

    A sum of floats depends on its order, and so on device and threads; of integers, not. Values
    are rounded to 2⁻³⁶ and added as 64-bit integers.
    """
    units = (values.double() / _UNIT).round().to(torch.int64)
    total = units.flatten(1).sum(1) if per_filter else units.sum()
    return total.double() * _UNIT


def over_filters(parameter: Tensor, weight: Tensor) -> Tensor:
    """A view of ``parameter``, () or (filters,), that broadcasts against ``weight``."""
    return parameter if parameter.ndim == 0 else parameter.reshape(-1, *[1] * (weight.ndim - 1))


def within_one(grad_codes: Tensor, weight: Tensor, scale: Tensor) -> Tensor:
    """The gradient of weights, straight through to those within (−1, 1).

    dL/dw = dL/dWq · 1[|w| < 1], where Wq = scale · codes and ``grad_codes`` is that of the codes.
    """
    return grad_codes / over_filters(scale.to(grad_codes.dtype), grad_codes) * (weight.abs() < 1)
