"""Every network in a form that takes no time, and images for it."""

import torch

from threefold.network import Codes, Tensor
from threefold.quant import NETWORKS, Kit, Norm, TernaryConv, TernaryLinear

from ..deploy.random_models import images_of

__all__ = ["TINY", "started", "tiny"]

_STAGES = (4, 5, 6, 8)
TINY = {  # shape of an image, and widths
    "mlp": ((1, 1, 12), (6, 5)),
    "lenet": ((8, 8, 1), (3, 4, 6)),
    "cnv": ((10, 9, 2), (4, 4, 6, 6, 8, 8, 8, 8)),
    "vgg_small": ((9, 8, 2), (3, 3, 4, 4, 5, 5)),
    "ds_cnn": ((9, 4, 1), (6, 6, 8)),
    **dict.fromkeys(("resnet8", "resnet20"), ((8, 6, 3), (3, 4, 6))),
    **dict.fromkeys(("resnet32", "resnet44", "resnet56"), ((4, 4, 2), (3, 4, 6))),
    **dict.fromkeys(("resnet18", "resnet34", "resnet50"), ((18, 17, 3), _STAGES)),
    "alexnet": ((63, 64, 3), (4, 4, 6, 6, 4, 8, 8)),
}


def tiny(name, weights="statistical", codes=3, shape=None, seed=0):
    """The network of that name for images of signed 8-bit codes."""
    image, widths = TINY[name]
    input = Tensor(shape or image, Codes.signed(8))
    return NETWORKS[name](input, widths, 4, Kit(codes, weights, seed=seed))


def started(model, count=8):
    """``model`` with the statistics of one batch in training, and channels that differ."""
    for layer in model.modules():
        if isinstance(layer, TernaryConv | TernaryLinear):
            layer.weight.data[-1] = 0
        elif isinstance(layer, Norm):
            layer.momentum = 1.0
            layer.bias.data = torch.linspace(-1, 0.5, layer.channels)
    with torch.no_grad():
        model.train()(torch.from_numpy(images_of(model, count, seed=1)))
    return model.eval()
