"""Export of a trained model as a network of exact integers."""

import copy
from collections.abc import Mapping

import numpy as np
import torch

from threefold.errors import NetworkError
from threefold.network import ArgMax, Network

from ..models import Model, unwrapped_model
from .emit import Emitter
from .graph import names
from .widths import width_of

__all__ = ["export"]


@torch.no_grad()
def export(
    model: Model, name: str, provenance: Mapping | None = None, *, argmax: bool = False
) -> Network:
    """The network that computes the very codes of ``model`` in evaluation mode.

    Layers become ``conv1``, ``act1``, ``pool1``, ``fc1``, …, ``logits``. Norm and activation
    become integer thresholds, found by bisection of the layers' own evaluation (see :func:`search`)
    over the accumulators that their weights can reach. Integer weights have the width of
    their quantizer, whatever values they take.
    Narrower networks within the model become widths of the network, unless the model is at one of
    them, which then is all that is exported.

    Parameters
    ----------
    model : Model
        On any device, in any mode, compiled or not; it is not changed. It ends in a ternary
        layer, the classifier.
    name : str
        Name of the network.
    provenance : mapping
        As in :class:`Network`.
    argmax : bool
        End in the class index, not in the logits it is chosen by.

    Raises
    ------
    NetworkError
        If layers do not follow each other as they must, parameters are not finite or not in
        single precision, a norm makes no number, accumulators are too large for PyTorch to have
        been exact, or narrower networks are not a part of the whole.
    """
    model = copy.deepcopy(unwrapped_model(model)).cpu().eval()
    for key, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise NetworkError(f"{key} is not finite everywhere; train again at a lower rate")
    widths = [] if model.width else model.widths
    negated = _falling(name, model, widths)
    builder = _emit(name, model, argmax, negated).builder
    whole = builder.network(provenance)
    parts = {}
    for width in widths:
        with model.at(width):
            nodes = _emit(name, model, argmax, negated).builder.nodes
        parts[width] = width_of(whole, width, nodes)
    return builder.network(provenance, parts) if parts else whole


def _falling(name: str, model: Model, widths: list[str]) -> dict[str, np.ndarray]:
    """By thresholds, the channels that fall at any width: all widths share the same weights."""
    if not widths:
        return {}
    falling = _emit(name, model).falling
    for width in widths:
        with model.at(width):
            for node, channels in _emit(name, model).falling.items():
                falling[node][: len(channels)] |= channels
    return falling


def _emit(
    name: str, model: Model, argmax: bool = False, negated: Mapping[str, np.ndarray] | None = None
) -> Emitter:
    """The nodes of the network that the model is."""
    emitter = Emitter(name, model.input, names(model), negated or {})
    edge = emitter.input(torch.tensor(model.input_scale, dtype=torch.float64))
    layers = list(model.layers)
    classifier = layers.pop() if layers else None
    for index, layer in enumerate(layers):
        edge = emitter.emit(layer, edge, f"layers.{index}")
    edge = emitter.classify(classifier, edge, f"layers.{len(layers)}")
    if argmax:
        emitter.add("argmax", ArgMax(), edge)
    return emitter
