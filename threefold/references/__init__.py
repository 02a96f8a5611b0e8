"""Reference architectures with random ternary weights, to measure hardware before training.

Every function gives a :class:`~threefold.network.Network`, the same one for the same arguments.
"""

from .builder import Builder, random_images
from .cnv import cnv
from .ds_cnn import ds_cnn
from .imagenet import alexnet, resnet18, resnet34, resnet50
from .lenet import lenet
from .resnet import resnet20
from .tiny_conv import tiny_conv

__all__ = [
    "Builder",
    "alexnet",
    "cnv",
    "ds_cnn",
    "lenet",
    "random_images",
    "resnet18",
    "resnet20",
    "resnet34",
    "resnet50",
    "tiny_conv",
]
