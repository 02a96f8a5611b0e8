"""Networks in PyTorch, ternary or float, each from one definition."""

from collections.abc import Callable
from functools import partial

from .alexnet import alexnet
from .ds_cnn import ds_cnn
from .kit import FLOAT, Kit, require_bits
from .lenet import lenet
from .mlp import mlp
from .model import Model, unwrapped_model
from .pretrained import load_pretrained
from .resnet import resnet, resnet_imagenet
from .slim import slim
from .state import load_state
from .vgg import cnv, vgg_small

__all__ = [
    "FLOAT",
    "NETWORKS",
    "WIDTHS",
    "Kit",
    "Model",
    "alexnet",
    "cnv",
    "ds_cnn",
    "lenet",
    "load_pretrained",
    "load_state",
    "mlp",
    "require_bits",
    "resnet",
    "resnet_imagenet",
    "slim",
    "unwrapped_model",
    "vgg_small",
]

NETWORKS: dict[str, Callable[..., Model]] = {
    "lenet": lenet,
    "mlp": mlp,
    "cnv": cnv,
    "vgg_small": vgg_small,
    "ds_cnn": ds_cnn,
    "resnet8": partial(resnet, blocks=1, projection=True),
    **{f"resnet{6 * n + 2}": partial(resnet, blocks=n) for n in (3, 5, 7, 9)},
    "resnet18": resnet_imagenet,
    "resnet34": partial(resnet_imagenet, blocks=(3, 4, 6, 3)),
    "resnet50": partial(resnet_imagenet, blocks=(3, 4, 6, 3), deep=True),
    "alexnet": alexnet,
}
"""Definitions by name: each takes the type of an image, widths, the number of classes and a kit."""

WIDTHS: dict[str, tuple[int, ...]] = {
    "lenet": (6, 16, 120, 84),
    "mlp": (64, 64),
    "cnv": (64, 64, 128, 128, 256, 256, 512, 512),
    "vgg_small": (128, 128, 256, 256, 512, 512),
    "ds_cnn": (64,) * 5,
    **dict.fromkeys(("resnet8", "resnet20", "resnet32", "resnet44", "resnet56"), (16, 32, 64)),
    **dict.fromkeys(("resnet18", "resnet34", "resnet50"), (64, 128, 256, 512)),
    "alexnet": (96, 256, 384, 384, 256, 4096, 4096),
}
"""Widths of the published networks, by name; those of an MLP are a choice."""
