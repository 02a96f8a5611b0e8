"""Training loop: the steps of one epoch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data import Dataset
from ..layers import integers
from ..models import Model
from .config import TrainConfig
from .distributed import Group
from .images import Images
from .part import Part
from .quantizers import scales, thresholds

__all__ = ["Loop", "repeatable"]

_TEMPERATURE = 4.0  # of soft labels


class Loop:
    """A model in training, with its optimizer and the training images on its device.

    Parameters
    ----------
    model : Model
    dataset : Dataset
    config : TrainConfig
    parts : sequence of Part
        What comes on top of plain training.
    teacher : Model, optional
        Whose logits are learned as well, with ``config.distill`` as their share.
    on_step : function, optional
        Called after every batch with the share of an epoch that is done.
    group : Group, optional
        Processes that share every batch.
    """

    def __init__(
        self,
        model: Model,
        dataset: Dataset,
        config: TrainConfig,
        parts: Sequence[Part] = (),
        teacher: Model | None = None,
        on_step: Callable[[float], None] | None = None,
        group: Group | None = None,
    ):
        self.model = model
        self.config = config
        self.parts = parts
        self.optimizer = _optimizer(model, config)
        self._teacher = teacher and teacher.eval().to(model.device)
        self._on_step = on_step
        self._group = group or Group()
        self._images = Images(dataset, config.augment, model.device)
        self._labels = integers(dataset.train_labels, model.device)
        self._forward, self._soft = self._objective, self._soft_labels
        if config.compiled:
            self._forward, self._soft = map(torch.compile, (self._forward, self._soft))
        if model.device.type == "cuda" or config.compiled:
            for each in (model, *([teacher] if teacher else [])):
                each.to(memory_format=torch.channels_last)

    def epoch(self, epoch: int) -> float:
        """One pass over all images; the mean loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.rate_at(epoch)
        self.model.train()
        # An order that follows from seed and epoch alone needs no generator state to resume.
        order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self._images))
        random = torch.Generator().manual_seed((self.config.seed << 32) + epoch)
        total, done = torch.zeros((), device=self.model.device), 0
        for batch in integers(order, self.model.device).split(self.config.batch):
            part, count = self._group.part(len(batch))
            images, labels = self._images.draw(batch, random, part), self._labels[batch[part]]
            # What activations learn starts with the very first batch, before compilation.
            objective = self._forward if epoch or done else self._objective
            total += self._step(objective, images, labels, count / len(batch)) * count
            done += len(batch)
            if self._on_step:
                self._on_step(done / len(order))
        for part in self.parts:
            part.after_epoch(self.model, epoch)
        self._group.add([total])
        return total.item() / len(order)

    def _step(
        self, objective: Callable[..., Tensor], images: Tensor, labels: Tensor, share: float
    ) -> Tensor:
        """One step of the optimizer with ``share`` of its images; their mean loss."""
        soft = self._soft(images)
        gradients = partial(self._gradients, objective, images, labels, soft, share)
        for part in self.parts:
            part.before_batch(self.model, gradients)
        loss = gradients()
        self.optimizer.step()
        for part in self.parts:
            part.after_step(self.model)
        return loss

    def _gradients(
        self,
        objective: Callable[..., Tensor],
        images: Tensor,
        labels: Tensor,
        soft: Tensor | None,
        share: float,
    ) -> Tensor:
        """Put gradients in place; the loss."""
        half = self.config.precision == "bfloat16"
        with (
            self._group.sharing(share > 0),
            torch.autocast(self.model.device.type, torch.bfloat16, enabled=half),
        ):
            loss = objective(images, labels, soft)
        penalties = [part.penalty(self.model) for part in self.parts]
        self.model.zero_grad()
        # The gradients of all processes are added: of each its share, of a penalty equal parts.
        parts = [each / self._group.world for each in penalties if each is not None]
        sum(parts, loss * share).backward()
        self._group.add(p.grad for p in self.model.parameters() if p.grad is not None)
        for part in self.parts:
            part.before_step(self.model)
        return loss.detach()

    def _objective(self, images: Tensor, labels: Tensor, soft: Tensor | None) -> Tensor:
        """Cross entropy, and the distance to the soft labels of the teacher where there is one.

        Parts may add to it.

        Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015.
        """
        logits = self.model(images).value
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.config.smoothing)
        if soft is not None:
            own = functional.log_softmax(logits / _TEMPERATURE, 1)
            distance = functional.kl_div(own, soft, reduction="batchmean") * _TEMPERATURE**2
            loss = loss + self.config.distill * (distance - loss)
        more = [part.objective(images, logits) for part in self.parts]
        return sum((each for each in more if each is not None), loss)

    @torch.no_grad()
    def _soft_labels(self, images: Tensor) -> Tensor | None:
        if self._teacher is None or not self.config.distill:
            return None
        logits = self._teacher(images).value.float()
        return functional.softmax(logits / _TEMPERATURE, 1)


def _optimizer(model: Model, config: TrainConfig) -> torch.optim.Optimizer:
    apart = {*scales(model), *(thresholds(model) if config.two_pass else ())}
    parameters = [p for p in model.parameters() if p not in apart]
    groups = [
        {
            "params": [p for p in parameters if p.ndim >= 2],
            "weight_decay": config.weight_decay,
        },
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    if learned := scales(model):
        groups.append({"params": learned, "weight_decay": config.scale_decay})
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=config.rate)


@contextmanager
def repeatable(threads: int) -> Iterator[None]:
    """Use so many threads, whose number decides the order of float sums, and a fixed order on GPUs.

    Of what cuDNN computes, that is.
    """
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.backends.cudnn.deterministic = before[1]
