"""Training of a network together with the narrower networks within it.

Yu, Huang, "Universally slimmable networks and improved training techniques", ICCV 2019; on
dynamic networks in hardware, Yang et al., "Non-uniform DNN structured subnets sampling for
dynamic inference", DAC 2020.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data import ImageFiles
from ..layers import Norm, Product, integers
from ..models import Model
from .part import Part

__all__ = ["Sandwich", "recalibrate"]

_BATCHES = 100  # to recalibrate with, at most


class Sandwich(Part):
    """The sandwich rule with in-place distillation.

    Each step adds up the gradients of the whole network, of the narrowest and of a few others
    chosen at random. The whole network learns the labels, narrower ones its probabilities, which
    no gradient goes back through. At the end, running statistics of every width are made anew,
    see :func:`recalibrate`.

    Parameters
    ----------
    model : Model
        With at least one width.
    images : array of int, shape (images, height, width, channels), or ImageFiles
        To recalibrate with.
    others : int
        How many widths beside the whole and the narrowest a step has; all, if there are no more.
    batch : int
        Images of which statistics are taken at a time.
    seed : int
        Seed of the choice.
    compiled : bool
        Compile narrower networks as well, each on its own.
    """

    def __init__(
        self,
        model: Model,
        images: np.ndarray | ImageFiles,
        *,
        others: int,
        batch: int,
        seed: int,
        compiled: bool = False,
    ):
        self._model = model
        self._images = images
        self._batch = batch
        self._seed = seed
        self._steps = 0
        self._narrowest, *self._rest = sorted(model.widths, key=lambda width: _size(model, width))
        self._others = min(others, len(self._rest))
        self._logits = torch.compile(_logits) if compiled else _logits

    def objective(self, images: Tensor, logits: Tensor) -> Tensor:
        """Sum of the cross entropies of narrower networks and the whole, whose logits are given."""
        soft = functional.softmax(logits.detach().float(), 1)
        # Choices that follow from seed and step alone are the same in every process.
        random = np.random.default_rng((self._seed, self._steps))
        chosen = random.choice(len(self._rest), self._others, replace=False) if self._others else []
        losses = []
        for width in (*(self._rest[index] for index in chosen), self._narrowest):
            with self._model.at(width):
                losses.append(functional.cross_entropy(self._logits(self._model, images), soft))
        return sum(losses)

    def after_step(self, model: Model) -> None:
        """Count the step."""
        self._steps += 1

    def finish(self, model: Model) -> None:
        """Recalibrate running statistics."""
        recalibrate(model, self._images, self._batch)

    def state_dict(self) -> dict:
        """The number of steps."""
        return {"steps": self._steps}

    def load_state_dict(self, state: dict) -> None:
        """Go on from there."""
        self._steps = state["steps"]


@torch.no_grad()
def recalibrate(model: Model, images: np.ndarray | ImageFiles, batch: int = 128) -> None:
    """Replace the running statistics of every width by means over batches of ``images``.

    Nothing is learned, and the model is left in the mode it was in.

    Parameters
    ----------
    model : Model
    images : array of int, shape (images, height, width, channels), or ImageFiles
        Images, of which no more than 100 batches are taken, in an order that is always the same.
    batch : int
        Images at a time.
    """
    was_training = model.training
    norms = {layer: layer.momentum for layer in model.modules() if isinstance(layer, Norm)}
    order = np.random.default_rng(0).permutation(len(images))[: _BATCHES * batch]
    parts = [order[start : start + batch] for start in range(0, len(order), batch)]
    model.train()
    for width in (None, *model.widths):
        done = 0
        with model.at(width):
            for part in parts:
                done += len(part)
                for norm in norms:
                    norm.momentum = len(part) / done
                model(integers(images[part], model.device))
    for norm, momentum in norms.items():
        norm.momentum = momentum
    model.train(was_training)


def _logits(model: Model, images: Tensor) -> Tensor:
    # Not that of a step: PyTorch keeps but a few compiled forms of a function, one for each width.
    return model(images).value


def _size(model: Model, width: str) -> int:
    """Number of weights in use."""
    with model.at(width):
        layers = [layer for layer in model.modules() if isinstance(layer, Product)]
        return sum(layer.of_weights(layer.mask).numel() for layer in layers)
