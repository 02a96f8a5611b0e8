"""Transfer: a model started from another that was trained before."""

import torch

from threefold.errors import TrainingError

from ..layers import Product, Ternary
from ..models import Model
from ..weights import WeightQuantizer

__all__ = ["transfer"]


@torch.no_grad()
def transfer(source: Model, target: Model) -> None:
    """Give ``target`` what ``source`` has learned: weights, masks, norms, and what else both have.

    A quantizer that ``source`` has not, or has with another width, starts anew from the weights, an
    activation that it has not with the first batch.

    Parameters
    ----------
    source, target : Model
        Models of the same shape, whatever their weights and activations; ``target`` changes.

    Raises
    ------
    TrainingError
        If the shapes differ.
    """
    learned, layers = source.state_dict(), dict(source.named_modules())
    for key, tensor in target.state_dict().items():
        if key in learned and learned[key].shape == tensor.shape:
            tensor.copy_(learned[key])
    for name, layer in target.named_modules():
        if not isinstance(layer, Product):
            continue
        before = layers.get(name)
        if not isinstance(before, Product) or before.weight.shape != layer.weight.shape:
            raise TrainingError(f"a model starts from one of its own shape, which {name} is not of")
        its = getattr(before, "quantizer", None)
        if isinstance(layer, Ternary) and not _same(its, layer.quantizer):
            layer.restart()


def _same(one: WeightQuantizer | None, other: WeightQuantizer) -> bool:
    """Whether both learn the same."""
    return type(one) is type(other) and one.bits == other.bits
