"""Step of a training: the gradients of a batch, and what the optimizer makes of them."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from ..models import Model
from .config import TrainConfig
from .distributed import Group
from .part import Part

__all__ = ["Step"]

_TEMPERATURE = 4.0  # of soft labels

_Logits = Callable[[Model, Tensor], Tensor]


class Step:
    """One step of the optimizer on a batch.

    Parameters
    ----------
    model : Model
    config : TrainConfig
    optimizer : torch.optim.Optimizer
    parts : sequence of Part
        What comes on top of plain training, up to ``after_step``, which is left to the caller.
    teacher : Model, optional
        Whose logits are learned as well, with ``config.distill`` as their share.
    group : Group, optional
        Processes that share every batch.
    """

    def __init__(
        self,
        model: Model,
        config: TrainConfig,
        optimizer: torch.optim.Optimizer,
        parts: Sequence[Part] = (),
        teacher: Model | None = None,
        group: Group | None = None,
    ):
        self.optimizer = optimizer
        self._model = model
        self._config = config
        self._parts = parts
        self._teacher = teacher and teacher.eval().to(model.device)
        self._group = group or Group()
        # Without the loss: PyTorch keeps what it compiles, and that is the same for all losses.
        self._fast = tuple(map(torch.compile, _PLAIN)) if config.compiled else _PLAIN

    def __call__(
        self, images: Tensor, labels: Tensor, share: float = 1.0, *, plain: bool = False
    ) -> Tensor:
        """Take the step; the mean loss, shape ().

        Parameters
        ----------
        images : integer tensor, shape (images, height, width, channels)
        labels : int64 tensor, shape (images,)
        share : float
            Share of the batch that these images are, 0…1.
        plain : bool
            Run what is compiled otherwise as it is.
        """
        logits, teachers = _PLAIN if plain else self._fast
        soft = self._soft_labels(teachers, images)
        gradients = partial(self._gradients, logits, images, labels, soft, share)
        for part in self._parts:
            part.before_batch(self._model, gradients)
        loss = gradients()
        self.optimizer.step()
        return loss

    def _gradients(
        self,
        logits: _Logits,
        images: Tensor,
        labels: Tensor,
        soft: Tensor | None,
        share: float,
    ) -> Tensor:
        """Put gradients in place; the loss."""
        half = self._config.precision == "bfloat16"
        with (
            self._group.sharing(share > 0),
            # Without the cache, which would keep tensors from one CUDA graph to the next.
            torch.autocast(
                self._model.device.type, torch.bfloat16, enabled=half, cache_enabled=False
            ),
        ):
            loss = self._objective(images, logits(self._model, images), labels, soft)
        penalties = [part.penalty(self._model) for part in self._parts]
        self._model.zero_grad()
        # The gradients of all processes are added: of each its share, of a penalty equal parts.
        parts = [each / self._group.world for each in penalties if each is not None]
        sum(parts, loss * share).backward()
        self._group.add(p.grad for p in self._model.parameters() if p.grad is not None)
        for part in self._parts:
            part.before_step(self._model)
        return loss.detach()

    def _objective(
        self, images: Tensor, logits: Tensor, labels: Tensor, soft: Tensor | None
    ) -> Tensor:
        """Cross entropy, and the distance to the soft labels of the teacher where there is one.

        Parts may add to it.

        Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015.
        """
        loss = functional.cross_entropy(logits, labels, label_smoothing=self._config.smoothing)
        if soft is not None:
            own = functional.log_softmax(logits / _TEMPERATURE, 1)
            distance = functional.kl_div(own, soft, reduction="batchmean") * _TEMPERATURE**2
            loss = loss + self._config.distill * (distance - loss)
        more = [part.objective(images, logits) for part in self._parts]
        return sum((each for each in more if each is not None), loss)

    @torch.no_grad()
    def _soft_labels(self, logits: _Logits, images: Tensor) -> Tensor | None:
        if self._teacher is None or not self._config.distill:
            return None
        return functional.softmax(logits(self._teacher, images).float() / _TEMPERATURE, 1)


def _logits(model: Model, images: Tensor) -> Tensor:
    return model(images).value


_PLAIN = _logits, _logits  # of the model, and of the teacher
