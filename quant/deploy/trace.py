"""Trace of the codes inside a model, for comparison with its network."""

from contextlib import ExitStack, nullcontext

import numpy as np
import torch

from threefold.errors import MismatchError
from threefold.network import ArgMax, Network
from threefold.progress import Progress, no_progress
from threefold.sim import golden
from threefold.sim.mismatch import describe

from ..layers import Quantizer, QuantTensor, integers
from ..models import Model, unwrapped_model
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

    Raises
    ------
    NetworkError
        If the model is not in single precision.
    """
    model, codes = unwrapped_model(model), {}

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
    progress: Progress = no_progress,
) -> dict[str | None, np.ndarray]:
    """Check that model and golden model agree on every code of every image, at every width.

    Parameters
    ----------
    model : Model
        Ternary; it is left in evaluation mode.
    network : Network
        Exported from it.
    images : array of int, shape (images, height, width, channels)
    progress : Progress
        Told ``"compare"``.

    Returns
    -------
    dict of (str or None) to array of int64, shape (images,)
        The class that the network gives each image, the lowest on a tie, by width; None is the
        whole network.

    Raises
    ------
    MismatchError
        If they do not; the message names the first node, image, pixel and channel.
    TrainingError
        If the model lacks a width of the network.
    NetworkError
        If the model is not in single precision.
    """
    model = unwrapped_model(model)
    views = [(None, network, nullcontext())]
    views += [(width, network.at(width), model.at(width)) for width in network.widths]
    starts = range(0, len(images), _BATCH)
    classes = {}
    for index, (width, at_width, use) in enumerate(views):
        found = []
        with use:
            for count, start in enumerate(starts, 1):
                batch = images[start : start + _BATCH]
                found.append(_classes(model, at_width, batch, start, width))
                progress("compare", (index + count / len(starts)) / len(views))
        classes[width] = np.concatenate(found)
    return classes


def _classes(
    model: Model, network: Network, images: np.ndarray, first: int, width: str | None
) -> np.ndarray:
    """The classes of one batch, whose first image is number ``first``."""
    expected = golden.evaluate(network, images)
    for name, codes in trace(model, images).items():
        if not np.array_equal(codes, expected[name]):
            image, *rest = where = tuple(np.argwhere(codes != expected[name])[0])
            place, of = (first + image, *rest), f"PyTorch at width {width}" if width else "PyTorch"
            raise MismatchError(describe(name, place, codes[where], expected[name][where], of=of))
    outputs = expected[network.output.name].reshape(len(images), -1)
    return outputs[:, 0] if isinstance(network.output.op, ArgMax) else outputs.argmax(axis=1)


def _channels_last(codes: torch.Tensor) -> np.ndarray:
    """(images, height, width, channels) of maps, or of vectors."""
    maps = codes[:, :, None, None] if codes.ndim == 2 else codes
    return maps.permute(0, 2, 3, 1).numpy()
