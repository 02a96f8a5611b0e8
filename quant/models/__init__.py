"""Networks in PyTorch, ternary or float, each from one definition."""

from collections.abc import Callable

from .kit import Kit
from .lenet import lenet
from .mlp import mlp
from .model import Model

__all__ = ["NETWORKS", "Kit", "Model", "lenet", "mlp"]

NETWORKS: dict[str, Callable[..., Model]] = {"lenet": lenet, "mlp": mlp}
"""Definitions by name."""
