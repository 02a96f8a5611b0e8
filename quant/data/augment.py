"""Augmentation of training images, on the training device."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["AUGMENTATIONS", "Augmentation"]

_LONGEST = 8  # frames that are masked

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Augmentation:
    """Random change of images, in two halves: what is drawn, and what is made of that.

    Parameters
    ----------
    draw : function
        Random numbers for so many images of one shape, (height, width, channels), from a
        generator on the CPU: tensors (images, ...), on the CPU as well.
    apply : function
        Changed images, of images (images, height, width, channels), the code of value 0, and
        those tensors on the device of the images.
    """

    draw: Callable[[int, Shape, torch.Generator], tuple[Tensor, ...]]
    apply: Callable[..., Tensor]

    def __call__(self, images: Tensor, zero: int, generator: torch.Generator) -> Tensor:
        """Changed images, in new memory or the same."""
        drawn = self.draw(len(images), tuple(images.shape[1:]), generator)
        return self.apply(images, zero, *(each.to(images.device) for each in drawn))


def _draw_nothing(count: int, shape: Shape, generator: torch.Generator) -> tuple[Tensor, ...]:
    return ()


def _same(images: Tensor, zero: int) -> Tensor:
    """Images as they are."""
    return images


def _draw_crop(
    count: int, shape: Shape, generator: torch.Generator, pad: int
) -> tuple[Tensor, ...]:
    corners = torch.randint(0, 2 * pad + 1, (2, count, 1), generator=generator)
    return (corners.squeeze(2).T.contiguous(),)


def _crop(images: Tensor, zero: int, corners: Tensor, pad: int) -> Tensor:
    """A random part of the image with ``pad`` rows and columns of ``zero`` around it.

    With four: He, Zhang, Ren, Sun, "Deep residual learning", CVPR 2016.
    """
    count, height, width, _ = images.shape
    padded = functional.pad(images, (0, 0, pad, pad, pad, pad), value=zero)
    top, left = corners.T[:, :, None]
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.arange(width, device=images.device)
    image = torch.arange(count, device=images.device)
    return padded[image[:, None, None], rows[:, :, None], columns[:, None, :]]


def _draw_crop_flip(count: int, shape: Shape, generator: torch.Generator) -> tuple[Tensor, ...]:
    mirrored = torch.rand(count, generator=generator) < 0.5
    return mirrored, *_draw_crop(count, shape, generator, 4)


def _crop_flip(images: Tensor, zero: int, mirrored: Tensor, corners: Tensor) -> Tensor:
    """As `_crop`, and every second image mirrored, at random."""
    mirrored = mirrored[:, None, None, None]
    return _crop(torch.where(mirrored, images.flip(2), images), zero, corners, 4)


def _draw_time_shift(
    count: int, shape: Shape, generator: torch.Generator, reach: int = 5
) -> tuple[Tensor, ...]:
    return (torch.randint(-reach, reach + 1, (count, 1), generator=generator),)


def _time_shift(images: Tensor, zero: int, start: Tensor) -> Tensor:
    """Frames, which are rows, moved by up to five; the first or last goes on where none is.

    Five frames are 100 ms of Speech Commands, as in Warden, arXiv:1804.03209.
    """
    count, height, _, _ = images.shape
    rows = (start + torch.arange(height, device=images.device)).clamp(0, height - 1)
    return images[torch.arange(count, device=images.device)[:, None], rows]


def _draw_time_mask(count: int, shape: Shape, generator: torch.Generator) -> tuple[Tensor, ...]:
    height = shape[0]
    length = torch.randint(0, min(_LONGEST, height) + 1, (count, 1), generator=generator)
    first = (torch.rand((count, 1), generator=generator) * (height - length + 1)).long()
    return length, first, *_draw_time_shift(count, shape, generator)


def _time_mask(images: Tensor, zero: int, length: Tensor, first: Tensor, start: Tensor) -> Tensor:
    """As `_time_shift`, and up to eight neighbouring frames replaced by ``zero``.

    Park et al., "SpecAugment", Interspeech 2019.
    """
    frame = torch.arange(images.shape[1], device=images.device)
    masked = (first <= frame) & (frame < first + length)
    return _time_shift(images, zero, start).masked_fill(masked[:, :, None, None], zero)


def _moved(pad: int) -> Augmentation:
    return Augmentation(partial(_draw_crop, pad=pad), partial(_crop, pad=pad))


AUGMENTATIONS: dict[str, Augmentation] = {
    "none": Augmentation(_draw_nothing, _same),
    "crop": _moved(4),
    "crop_flip": Augmentation(_draw_crop_flip, _crop_flip),
    "shift": _moved(2),
    "time_mask": Augmentation(_draw_time_mask, _time_mask),
    "time_shift": Augmentation(_draw_time_shift, _time_shift),
}
"""Each of images (images, height, width, channels), the code of value 0 and a generator, by name.

``crop`` moves images by up to four pixels each way, ``shift`` by two; ``crop_flip`` mirrors half of
them as well. ``time_shift`` moves rows by up to five, and ``time_mask`` then blanks up to eight.
Random numbers come from a generator on the CPU, so that they are the same on every device.
"""
