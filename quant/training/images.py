"""Training images by batch, on the training device."""

from collections.abc import Callable, Iterator

import numpy as np
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

    def batches(
        self,
        order: np.ndarray,
        size: int,
        generator: torch.Generator,
        part: Callable[[int], slice] = lambda count: slice(None),
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of ``size`` images in an order, the last one of what is left.

        Parameters
        ----------
        order : array of int, shape (images,)
            Indices of images.
        size : int
        generator : torch.Generator
            As for :meth:`draw`, and with the same images.
        part : function
            What is wanted of a batch of so many images; all unless given.

        Yields
        ------
        indices : int64 tensor, shape (batch,)
            Of the whole batch, on the device.
        images : integer tensor, shape (images, height, width, channels)
            Of the part.
        """
        indices = integers(order, self._device).split(size)
        if self._files is not None:
            for batch in indices:
                yield batch, self.draw(batch, generator, part(len(batch)))
            return
        shape = tuple(self._tensor.shape[1:])
        drawn = [self._augment.draw(len(batch), shape, generator) for batch in indices]
        # All at once: what is copied to a GPU waits for everything that it still has to do.
        kinds = [torch.cat(each).to(self._device).split(size) for each in zip(*drawn, strict=True)]
        for number, batch in enumerate(indices):
            wanted = part(len(batch))
            draws = (kind[number][wanted] for kind in kinds)
            yield batch, self._augment.apply(self._tensor[batch[wanted]], self._zero, *draws)
