"""The codes inside a model, to be compared with those of its network."""

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import torch

from ...errors import MismatchError
from ...network import Network
from ...sim import golden
from ..layers import Quantizer, QuantTensor, integers
from ..models import Model
from .graph import names

__all__ = ["require_equal", "trace"]

_BATCH = 128


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
    dict of str to array of int64, shape (images, height, width, channels)
        By the names that :func:`export` gives the nodes.
    """
    codes = {}

    def record(layer: Quantizer, inputs: tuple, output: QuantTensor) -> None:
        meaning = layer.codes
        values = output.codes.cpu().to(torch.int64)
        codes[nodes[layer]] = _channels_last((values - meaning.offset) // meaning.step)

    nodes = names(model)
    with ExitStack() as hooks:
        for layer in nodes:
            if isinstance(layer, Quantizer):
                hooks.enter_context(layer.register_forward_hook(record))
        logits = model.eval()(integers(images, model.device)).codes
    codes["logits"] = _channels_last(logits.cpu().to(torch.int64))
    return codes


def require_equal(
    model: Model,
    network: Network,
    images: np.ndarray,
    on_batch: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Check that model and golden model agree on every code of every image, at every width.

    Parameters
    ----------
    model : Model
        Ternary; it is left in evaluation mode.
    network : Network
        Exported from it.
    images : array of int, shape (images, height, width, channels)
    on_batch : function, optional
        Called with the number of images compared so far.

    Returns
    -------
    array of int64, shape (images,)
        The class that the network gives each image, the lowest on a tie.

    Raises
    ------
    MismatchError
        If they do not; the message names the first node, image, pixel and channel.
    TrainingError
        If the model lacks a width of the network.
    """
    classes = _classes(model, network, images, "", on_batch)
    for width in network.widths:
        with model.at(width):
            _classes(model, network.at(width), images, f" at width {width}")
    return classes


def _classes(
    model: Model,
    network: Network,
    images: np.ndarray,
    at: str,
    on_batch: Callable[[int], None] | None = None,
) -> np.ndarray:
    """As :func:`require_equal`, of the width in use alone."""
    classes = []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        expected = golden.evaluate(network, batch)
        for name, codes in trace(model, batch).items():
            if not np.array_equal(codes, expected[name]):
                image, row, column, channel = where = tuple(np.argwhere(codes != expected[name])[0])
                raise MismatchError(
                    f"{name} of image {start + image}, row {row}, column {column}, channel "
                    f"{channel}{at}: PyTorch gives {codes[where]}, golden {expected[name][where]}"
                )
        outputs = expected[network.output.name].reshape(len(batch), -1)
        classes.append(outputs[:, 0] if outputs.shape[1] == 1 else outputs.argmax(axis=1))
        if on_batch:
            on_batch(start + len(batch))
    return np.concatenate(classes)


def _channels_last(codes: torch.Tensor) -> np.ndarray:
    """(images, height, width, channels) of maps, or of vectors."""
    maps = codes[:, :, None, None] if codes.ndim == 2 else codes
    return maps.permute(0, 2, 3, 1).numpy()
