"""Augmentation of training images, on the training device."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["AUGMENTATIONS"]

_LONGEST = 8  # frames that are masked


def _none(images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
    """Images as they are."""
    return images


def _crop(images: Tensor, zero: int, generator: torch.Generator, pad: int = 4) -> Tensor:
    """A random part of the image with ``pad`` rows and columns of ``zero`` around it.

    Four, unless said: He, Zhang, Ren, Sun, "Deep residual learning", CVPR 2016.
    """
    count, height, width, _ = images.shape
    padded = functional.pad(images, (0, 0, pad, pad, pad, pad), value=zero)
    top, left = torch.randint(0, 2 * pad + 1, (2, count, 1), generator=generator)
    rows = (top + torch.arange(height)).to(images.device)
    columns = (left + torch.arange(width)).to(images.device)
    image = torch.arange(count, device=images.device)
    return padded[image[:, None, None], rows[:, :, None], columns[:, None, :]]


def _crop_flip(images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
    """As `_crop`, and every second image mirrored, at random."""
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    mirrored = mirrored.to(images.device)[:, None, None, None]
    return _crop(torch.where(mirrored, images.flip(2), images), zero, generator)


def _time_shift(images: Tensor, zero: int, generator: torch.Generator, reach: int = 5) -> Tensor:
    """Frames, which are rows, moved by up to ``reach``; the first or last goes on where none is.

    Five frames are 100 ms of Speech Commands, as in Warden, arXiv:1804.03209.
    """
    count, height, _, _ = images.shape
    start = torch.randint(-reach, reach + 1, (count, 1), generator=generator)
    rows = (start + torch.arange(height)).clamp(0, height - 1).to(images.device)
    return images[torch.arange(count, device=images.device)[:, None], rows]


def _time_mask(images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
    """As `_time_shift`, and up to eight neighbouring frames replaced by ``zero``.

    Park et al., "SpecAugment", Interspeech 2019.
    """
    count, height, _, _ = images.shape
    length = torch.randint(0, min(_LONGEST, height) + 1, (count, 1), generator=generator)
    first = (torch.rand((count, 1), generator=generator) * (height - length + 1)).long()
    frame = torch.arange(height)
    masked = ((first <= frame) & (frame < first + length)).to(images.device)
    shifted = _time_shift(images, zero, generator)
    return shifted.masked_fill(masked[:, :, None, None], zero)


AUGMENTATIONS: dict[str, Callable[[Tensor, int, torch.Generator], Tensor]] = {
    "none": _none,
    "crop": _crop,
    "crop_flip": _crop_flip,
    "shift": partial(_crop, pad=2),
    "time_mask": _time_mask,
    "time_shift": _time_shift,
}
"""Each of images (images, height, width, channels), the code of value 0 and a generator, by name.

``crop`` moves images by up to four pixels each way, ``shift`` by two; ``crop_flip`` mirrors half of
them as well. ``time_shift`` moves rows by up to five, and ``time_mask`` then blanks up to eight.
Random numbers come from a generator on the CPU, so that they are the same on every device.
"""
