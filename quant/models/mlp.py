"""Fully connected networks."""

from collections.abc import Sequence

import torch

from ...network import Tensor
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["mlp"]


def mlp(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    bits: int,
    *,
    ternary: bool = True,
    seed: int = 0,
) -> Model:
    """Fully connected layers, every one ternary, the first and the last included.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Outputs of each hidden layer; each is followed by norm and activation.
    classes : int
        Outputs of the classifier, which has a bias.
    bits : int
        Width of the activations, 1…8.
    ternary : bool
        False for the float twin: the same shape and initial weights without quantization.
    seed : int
        Of the initial weights.

    Raises
    ------
    TrainingError
        If a width is not positive, or ``bits`` is out of range.
    """
    require_outputs([*widths, classes])
    kit = Kit(ternary, bits, torch.Generator().manual_seed(seed))
    layers, inputs = [], input.size
    for width in widths:
        layers += kit.active(kit.linear(inputs, width))
        inputs = width
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])
