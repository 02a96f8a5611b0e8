"""Steps of a module: its layers in the order of computation, and sums of two branches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

from torch import nn

from threefold.errors import TrainingError

__all__ = ["Branches", "LayerError", "MisplacedError", "Step", "Steps", "Unknown"]


class LayerError(TrainingError):
    """A layer cannot be converted; says what to use instead, and never leaves this package."""


class MisplacedError(LayerError):
    """A layer is at a wrong place; untrue where a layer before it could not be converted."""


class Unknown(nn.Module):
    """A function that no layer computes.

    Parameters
    ----------
    advice : str
        What to use in its place.
    """

    def __init__(self, advice: str):
        super().__init__()
        self.advice = advice


@dataclass(frozen=True, eq=False)
class Step:
    """One layer, or a function as the layer that does the same.

    Parameters
    ----------
    path : str
        Its path in the module, or the name of the function and the path of what calls it.
    layer : nn.Module
        Of PyTorch; or of this package, where PyTorch has only a function.
    input, output : tuple of int
        Shapes without the batch: (channels, height, width), (channels, width) or (channels,).
    """

    path: str
    layer: nn.Module
    input: tuple[int, ...]
    output: tuple[int, ...]

    def __str__(self):
        if isinstance(self.layer, Unknown):
            return self.path
        return f"{self.path} ({type(self.layer).__name__})"


@dataclass(frozen=True, eq=False)
class Branches:
    """Sum of two branches that read the same tensor.

    Parameters
    ----------
    path : str
        Name of the addition and the path of what computes it.
    one, other : sequence of Step or Branches
        Both operands from the common tensor on; empty for that tensor itself.
    """

    path: str
    one: "Steps"
    other: "Steps"

    def __str__(self):
        return self.path


Steps = Sequence[Union[Step, "Branches"]]
