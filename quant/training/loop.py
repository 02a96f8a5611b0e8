"""Training loop: the steps of one epoch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from ..data import Dataset
from ..layers import integers
from ..models import Model
from .config import TrainConfig
from .distributed import Group
from .graph import GraphedStep
from .images import Images
from .part import Part
from .quantizers import scales, thresholds
from .step import Step

__all__ = ["Loop", "repeatable"]


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
        graphed = _graphed(model, config, parts, group)
        self.optimizer = _optimizer(model, config, capturable=graphed)
        self._on_step = on_step
        self._group = group or Group()
        self._images = Images(dataset, config.augment, model.device)
        self._labels = integers(dataset.train_labels, model.device)
        step = Step(model, config, self.optimizer, parts, teacher, group)
        self._step = GraphedStep(step, config.batch) if graphed else step
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
        batches = self._images.batches(
            order, self.config.batch, random, lambda count: self._group.part(count)[0]
        )
        for batch, images in batches:
            mine, count = self._group.part(len(batch))
            # What activations learn starts with the very first batch, before compilation.
            first = not epoch and not done
            labels = self._labels[batch[mine]]
            loss = self._step(images, labels, count / len(batch), plain=first)
            total += loss * count
            for part in self.parts:
                part.after_step(self.model)
            done += len(batch)
            if self._on_step:
                self._on_step(done / len(order))
        for part in self.parts:
            part.after_epoch(self.model, epoch)
        self._group.add([total])
        return total.item() / len(order)


def _graphed(model: Model, config: TrainConfig, parts: Sequence[Part], group: Group | None) -> bool:
    """Whether steps are launched as CUDA graphs."""
    return (
        config.graphs
        and model.device.type == "cuda"
        and (group is None or group.world == 1)
        and all(part.capturable for part in parts)
    )


def _optimizer(model: Model, config: TrainConfig, *, capturable: bool) -> torch.optim.Optimizer:
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
    return torch.optim.AdamW(groups, lr=config.rate, capturable=capturable)


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
