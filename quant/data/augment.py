"""Changes to images in training, made on the device that trains."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["AUGMENTATIONS"]

_PAD = 4  # pixels, as in He et al., CVPR 2016


def _none(images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
    """Images as they are."""
    return images


def _crop(images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
    """A random part of the image with four rows and columns of ``zero`` around it."""
    count, height, width, _ = images.shape
    padded = functional.pad(images, (0, 0, _PAD, _PAD, _PAD, _PAD), value=zero)
    top, left = torch.randint(0, 2 * _PAD + 1, (2, count, 1), generator=generator)
    rows = (top + torch.arange(height)).to(images.device)
    columns = (left + torch.arange(width)).to(images.device)
    image = torch.arange(count, device=images.device)
    return padded[image[:, None, None], rows[:, :, None], columns[:, None, :]]


def _crop_flip(images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
    """As `_crop`, and every second image mirrored, at random."""
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    mirrored = mirrored.to(images.device)[:, None, None, None]
    return _crop(torch.where(mirrored, images.flip(2), images), zero, generator)


AUGMENTATIONS: dict[str, Callable[[Tensor, int, torch.Generator], Tensor]] = {
    "none": _none,
    "crop": _crop,
    "crop_flip": _crop_flip,
}
"""Each of images (images, height, width, channels), the code of value 0 and a generator, by name.

Random numbers come from a generator on the CPU, so that they are the same on every device.
"""
