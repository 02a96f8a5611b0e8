"""The codes inside a model, to be compared with those of its network."""

import numpy as np
import torch

from ..errors import MismatchError
from ..network import Network
from ..sim import golden
from .models import Model
from .quantize import Quantize
from .tensor import integers

__all__ = ["require_equal", "trace"]


@torch.no_grad()
def trace(model: Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """Codes of every activation and the integer logits, in evaluation mode.

    Parameters
    ----------
    model : Model
        Ternary; it is left in evaluation mode.
    images : array of int, shape (images, height, width, channels)

    Returns
    -------
    dict of str to array of int64, shape (images, 1, 1, channels)
        By the names that :func:`export` gives the nodes.
    """
    x = model.eval().read(integers(images, model.device))
    codes = {}
    for layer in model.layers:
        x = layer(x)
        if isinstance(layer, Quantize):
            codes[f"act{len(codes) + 1}"] = x.codes
    codes["logits"] = x.codes
    return {
        name: tensor.cpu().to(torch.int64).numpy()[:, None, None] for name, tensor in codes.items()
    }


def require_equal(model: Model, network: Network, images: np.ndarray) -> None:
    """Check that model and golden model agree on every code of every image.

    Raises
    ------
    MismatchError
        If they do not; the message names the first node, image and channel.
    """
    expected = golden.evaluate(network, images)
    for name, codes in trace(model, images).items():
        if not np.array_equal(codes, expected[name]):
            image, _, _, channel = np.argwhere(codes != expected[name])[0]
            raise MismatchError(
                f"{name} of image {image}, channel {channel}: PyTorch gives "
                f"{codes[image, 0, 0, channel]}, golden {expected[name][image, 0, 0, channel]}"
            )
