"""Images on their way into training."""

import torch
from torch import Tensor

from ..data import AUGMENTATIONS, Dataset, ImageFiles
from ..layers import integers

__all__ = ["Images"]


class Images:
    """Training images by batch, changed at random, on the device that trains.

    Arrays are on the device as a whole; of :class:`ImageFiles`, which do not fit, random parts are
    read when they are asked for.

    Parameters
    ----------
    dataset : Dataset
    augment : str
        Name in :data:`AUGMENTATIONS`.
    device : torch.device
    """

    def __init__(self, dataset: Dataset, augment: str, device: torch.device):
        images = dataset.train_images
        self._files = images if isinstance(images, ImageFiles) else None
        self._tensor = integers(images, device) if self._files is None else None
        self._count = len(images)
        self._augment = AUGMENTATIONS[augment]
        self._zero = dataset.input.element.zero_code or 0
        self._device = device

    def __len__(self) -> int:
        return self._count

    def draw(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """The images of indices ``batch``, shape (batch, height, width, channels).

        Changes follow from ``generator``, on the CPU, alone.
        """
        if self._files is None:
            images = self._tensor[batch]
        else:
            images = integers(self._files.draw(batch.cpu().numpy(), generator), self._device)
        return self._augment(images, self._zero, generator)
