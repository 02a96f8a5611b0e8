"""Residual networks in plain PyTorch, with layers in the order of published ones of ImageNet."""

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["PublishedResNet"]


class PublishedResNet(nn.Module):
    """A 7×7 convolution, a pool, stages and a classifier (He, Zhang, Ren, Sun, CVPR 2016).

    Parameters and statistics have the names and the order of torchvision's, so that weights of
    one are those of the other. Every stage but the first begins with a stride of 2.

    Parameters
    ----------
    blocks : sequence of int
        Of each stage.
    widths : sequence of int
        Filters of the 3×3 convolutions of each stage.
    classes : int
    deep : bool
        Blocks are bottlenecks, with strides in their 3×3 convolutions.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (2, 2, 2, 2),
        widths: Sequence[int] = (64, 128, 256, 512),
        classes: int = 1000,
        *,
        deep: bool = False,
    ):
        super().__init__()
        channels = widths[0]
        self.conv1 = nn.Conv2d(3, channels, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.stages = len(blocks)
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            layers = []
            for number in range(count):
                stride = 2 if stage and not number else 1
                layers.append(_Block(channels, width, stride, deep))
                channels = 4 * width if deep else width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (images, classes) of normalized images (images, 3, height, width)."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        for stage in range(self.stages):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


class _Block(nn.Module):
    """Convolutions, added to what they read."""

    def __init__(self, channels: int, width: int, stride: int, deep: bool):
        super().__init__()
        shapes = [(width, 3, stride), (width, 3, 1)]
        if deep:
            shapes = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)]
        before = channels
        for number, (filters, size, step) in enumerate(shapes, 1):
            conv = nn.Conv2d(before, filters, size, step, size // 2, bias=False)
            self.add_module(f"conv{number}", conv)
            self.add_module(f"bn{number}", nn.BatchNorm2d(filters))
            before = filters
        self.depth = len(shapes)
        self.downsample = None
        if stride > 1 or channels != before:
            conv = nn.Conv2d(channels, before, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(before))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for number in range(1, self.depth + 1):
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
            y = torch.relu(y) if number < self.depth else y
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))
