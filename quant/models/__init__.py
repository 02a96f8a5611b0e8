"""Networks in PyTorch, ternary or float, each from one definition."""

from collections.abc import Callable
from functools import partial

from .kit import FLOAT, Kit
from .lenet import lenet
from .mlp import mlp
from .model import Model
from .resnet import resnet
from .slim import slim

__all__ = ["FLOAT", "NETWORKS", "Kit", "Model", "lenet", "mlp", "resnet", "slim"]

NETWORKS: dict[str, Callable[..., Model]] = {
    "lenet": lenet,
    "mlp": mlp,
    **{f"resnet{6 * n + 2}": partial(resnet, blocks=n) for n in (1, 3, 5, 7, 9)},
}
"""Definitions by name: each takes the type of an image, widths, the number of classes and a kit."""
