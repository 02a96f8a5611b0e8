"""What flows between engines: pooling, sums of branches and other steps without weights."""

from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import ClassVar

import numpy as np

from ..network import Codes
from .requantize import alike_after
from .window import Window

__all__ = ["ConcatStep", "PadStep", "Pool", "Requantize", "Step", "Sum"]


@dataclass(frozen=True, eq=False)
class Step:
    """A part of the dataflow.

    Parameters
    ----------
    name : str
        Name of the network's node; also of the node whose values leave.
    sources : tuple of str
        Names of the nodes whose values it reads.
    codes : tuple of Codes
        Types of the inputs.
    out_codes : Codes
        Type of the output.
    shape : (int, int, int)
        Height, width and channels of the output.
    in_shapes : tuple of (int, int, int)
        Of the inputs.
    """

    name: str
    sources: tuple[str, ...]
    codes: tuple[Codes, ...]
    out_codes: Codes
    shape: tuple[int, int, int]
    in_shapes: tuple[tuple[int, int, int], ...]

    op: ClassVar[str]

    @property
    def output(self) -> str:
        """Name of the node whose values leave."""
        return self.name

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the first input."""
        return self.in_shapes[0]

    @property
    def channels(self) -> int:
        """Channels of the output."""
        return self.shape[2]

    @property
    def unit(self) -> int:
        """What the lanes must divide: the channels of the output and of all inputs."""
        return gcd(self.channels, *(shape[2] for shape in self.in_shapes))

    @property
    def pixels(self) -> int:
        """Output pixels of an image."""
        return self.shape[0] * self.shape[1]

    @property
    def out_bits(self) -> int:
        """Width of an output."""
        return self.out_codes.bits


@dataclass(frozen=True, eq=False)
class Pool(Step):
    """The largest code of each window, or their sum: ``window``, and ``total`` for sums."""

    window: Window
    total: bool

    op = "pool"


@dataclass(frozen=True, eq=False)
class Sum(Step):
    """Two branches, added code by code."""

    op = "add"


@dataclass(frozen=True, eq=False)
class Requantize(Step):
    """Codes from codes by ``levels``, int64, shape (channels, largest code)."""

    levels: np.ndarray

    op = "threshold"

    @cached_property
    def alike_after(self) -> int:
        """The fewest channels after which the levels come again."""
        return alike_after(self.levels)

    @property
    def total_bits(self) -> int:
        """Width of an input; the level that means "never" fits as well."""
        return (self.codes[0].max_code + 1).bit_length()


@dataclass(frozen=True, eq=False)
class ConcatStep(Step):
    """The channels of one branch, then those of another."""

    op = "concat"


@dataclass(frozen=True, eq=False)
class PadStep(Step):
    """Channels of value 0 ``before`` and ``after`` the input's."""

    before: int
    after: int

    op = "pad_channels"

    @property
    def unit(self) -> int:
        return gcd(super().unit, self.before, self.after)
