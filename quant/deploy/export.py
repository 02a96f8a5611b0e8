"""From a trained model to a network of exact integers."""

import copy
from collections.abc import Mapping

import torch

from ...errors import NetworkError
from ...network import ArgMax, Network
from ..models import Model
from .emit import Emitter
from .graph import names

__all__ = ["export"]


@torch.no_grad()
def export(
    model: Model, name: str, provenance: Mapping | None = None, *, argmax: bool = False
) -> Network:
    """The network that computes the very codes of ``model`` in evaluation mode.

    Layers become ``conv1``, ``act1``, ``pool1``, ``fc1``, …, ``logits``. Norm and activation
    become integer levels, found by bisection of the layers' own evaluation (see :func:`search`)
    over the accumulators that their weights can reach. A layer whose weights have several levels
    reads its input several times, ``conv1_x2``: once in each of the ternary :func:`passes`.

    Parameters
    ----------
    model : Model
        On any device, in any mode; it is not changed. It ends in a ternary layer, the
        classifier.
    name : str
        Name of the network.
    provenance : mapping
        As in :class:`Network`.
    argmax : bool
        End in the class index, not in the logits it is chosen by.

    Raises
    ------
    NetworkError
        If layers do not follow each other as they must, parameters are not finite, or
        accumulators are too large for PyTorch to have been exact.
    """
    model = copy.deepcopy(model).cpu().eval()
    for key, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise NetworkError(f"{key} is not finite everywhere; train again at a lower rate")
    emitter = Emitter(model.input, names(model))
    edge = emitter.input(torch.tensor(model.input_scale, dtype=torch.float64))
    *hidden, classifier = model.layers or [None]
    for index, layer in enumerate(hidden):
        edge = emitter.emit(layer, edge, f"layers.{index}")
    edge = emitter.classify(classifier, edge, f"layers.{len(hidden)}")
    if argmax:
        emitter.add("argmax", ArgMax(), edge)
    return Network(name, model.input, emitter.nodes, provenance or {})
