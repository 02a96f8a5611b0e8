"""Training part: one addition of a recipe to plain training."""

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from ..models import Model

__all__ = ["Part"]


class Part:
    """One method on top of plain training, which does nothing unless it says so.

    What a part has to remember beyond an epoch is in its ``state_dict``, which checkpoints hold.
    Processes that share a training call it alike, with the same parameters and, before a step,
    the gradients of the whole batch.

    Attributes
    ----------
    capturable : bool
        Whether a CUDA graph can hold what the part does ahead of ``after_step``: the same
        operations on the same tensors in every step of an epoch, decided by no value of one.
        Otherwise steps are taken without a graph.
    """

    capturable: ClassVar[bool] = False

    def objective(self, images: Tensor, logits: Tensor) -> Tensor | None:
        """What is added to the loss of a step for these images, shape ().

        Parameters
        ----------
        images : integer tensor, shape (images, height, width, channels)
        logits : float tensor, shape (images, classes)
            Logits of the model for the images.
        """

    def penalty(self, model: Model) -> Tensor | None:
        """What is added to the loss of a step, shape ()."""

    def before_batch(self, model: Model, gradients: Callable[[], Tensor]) -> None:
        """Called before the gradients of a step are computed.

        ``gradients()`` computes those of the batch once more, for what moves ahead of the step.
        """

    def before_step(self, model: Model) -> None:
        """Called with gradients in place, before parameters move."""

    def after_step(self, model: Model) -> None:
        """Called when the parameters have moved."""

    def after_epoch(self, model: Model, epoch: int) -> None:
        """Called after epoch ``epoch``, counted from 0."""

    def finish(self, model: Model) -> None:
        """Called after the last epoch, also where all epochs were done before."""

    def state_dict(self) -> dict:
        """Tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Go on from what ``state_dict`` gave."""
