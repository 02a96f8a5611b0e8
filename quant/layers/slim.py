"""Slimmable layers, of which narrower networks use a part."""

from abc import ABC, abstractmethod
from typing import Any, Self

import torch
from torch import Tensor, nn

from threefold.network import Kept

__all__ = ["Slimmable", "taken"]


class Slimmable(ABC, nn.Module):
    """A layer that knows its part in narrower networks.

    Attributes
    ----------
    width : str or None
        The network in use; None for the whole.
    parts : dict of str to what a kind of layer needs
        Its part in narrower networks, by their names.
    """

    def __init__(self):
        super().__init__()
        self.width: str | None = None
        self.parts: dict[str, Any] = {}

    @abstractmethod
    def narrow(self, width: str, like: Self, kept: Kept) -> Kept:
        """Be as narrow as ``like`` in the network ``width``, which keeps a part of the channels.

        Parameters
        ----------
        width : str
        like : layer of the same kind
            Layer of the same definition, with fewer channels.
        kept : Kept
            Channels that there are of its input.

        Returns
        -------
        Kept
            Channels that there are of its output.

        Raises
        ------
        TrainingError
            If the layer does not get narrower by as much.
        """

    @property
    def part(self) -> Any:
        """The part in use, or None for the whole."""
        return None if self.width is None else self.parts[self.width]


def taken(tensor: Tensor, kept: Kept, axis: int) -> Tensor:
    """What ``tensor`` has along ``axis`` for the channels that are kept."""
    if kept.is_whole:
        return tensor
    if kept.is_first:
        return tensor.narrow(axis, 0, kept.used)
    tensor = tensor.unflatten(axis, (kept.pixels, -1))
    blocks = [tensor.narrow(axis + 1, start, used) for start, used in kept.spans]
    return torch.cat(blocks, axis + 1).flatten(axis, axis + 1)
