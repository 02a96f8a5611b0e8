"""Small models to prune."""

import torch

from threefold.network import Codes, Tensor
from threefold.quant import Flatten, Kit, MaxPool, Model

__all__ = ["MAP", "grouped", "randomize"]

MAP = Tensor((6, 6, 4), Codes.unsigned(2))


def grouped(weights="statistical", seed=0):
    """A convolution, one in two groups, a depthwise one, and dense layers over a map."""
    kit = Kit(2, weights, seed=seed)
    layers = [
        *kit.active(kit.conv(4, 8, 3, padding=1)),
        *kit.active(kit.conv(8, 12, 3, padding=1, groups=2)),
        *kit.active(kit.conv(12, 12, 3, padding=1, groups=12)),
        MaxPool(2),
        Flatten(),
        *kit.active(kit.linear(108, 16)),
        kit.linear(16, 3, bias=True),
    ]
    return Model(MAP, layers)


def randomize(layers, seed=0):
    """Other latent weights, of very different sizes."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=random) ** 3)
