"""Fully connected networks."""

from collections.abc import Sequence

from threefold.network import Tensor

from .kit import Kit
from .model import Model, require_outputs

__all__ = ["mlp"]


def mlp(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
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
    kit : Kit
        Makes the layers.

    Raises
    ------
    TrainingError
        If a width is not positive.
    """
    require_outputs([*widths, classes])
    layers, inputs = [], input.size
    for width in widths:
        layers += kit.active(kit.linear(inputs, width))
        inputs = width
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])
