"""Rearrangement: a layer without weights, a single operation on codes in the network."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from threefold.network import Op

__all__ = ["Rearrangement"]


class Rearrangement(ABC, nn.Module):
    """A layer that reads integers of one scale and has nothing to learn.

    Attributes
    ----------
    node : str
        What its nodes in a network are named after, as in ``pool1``.
    pads : bool
        Whether it adds zeros, so that one of the codes it reads must mean 0.
    keeps_codes : bool
        Whether the codes that it gives are of the type of those it reads.
    """

    node: ClassVar[str]
    pads: ClassVar[bool] = False
    keeps_codes: ClassVar[bool] = False

    @abstractmethod
    def operation(self, height: int, width: int) -> Op:
        """What a network has in its place, for maps of that size."""

    def scaled(self, scale: Tensor, height: int, width: int) -> Tensor:
        """Scale of its output for maps of that size and of scale ``scale``."""
        return scale
