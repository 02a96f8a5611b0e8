"""Training images by batch, on the training device."""

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
        self._unchanged = augment == "none"
        self._zero = dataset.input.element.zero_code or 0
        self._device = device

    def __len__(self) -> int:
        return self._count

    def draw(self, batch: Tensor, generator: torch.Generator, part: slice = slice(None)) -> Tensor:
        """The images of indices ``batch[part]``, shape (images, height, width, channels).

        Changes follow from ``generator``, on the CPU, and ``batch`` alone: an image is the same
        whatever part it is in, and the generator moves on alike.
        """
        if self._files is None:
            return self._augment(self._tensor[batch], self._zero, generator)[part]
        # Files take long to read: only those of the part, unless all are needed to change them.
        read, rest = (part, slice(None)) if self._unchanged else (slice(None), part)
        images = self._files.draw(batch.cpu().numpy(), generator, read)
        return self._augment(integers(images, self._device), self._zero, generator)[rest]
