"""Image files, read by batch."""

import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from threefold.errors import DataError

from .read import open_image

__all__ = ["ImageFiles"]

_TRIES = 10  # random parts of an image, until one lies within it
_LEAST_AREA = 0.08
_RATIO = 3 / 4  # of width and height, or its inverse
_CENTRE = 224 / 256  # of the shorter side


class ImageFiles:
    """Square images in colour, read from JPEG, PNG or WebP files by batch.

    It is indexed as an array is, by one integer, a slice or an array of integers, and gives
    images (images, size, size, 3) of uint8: the middle 7/8 of the shorter side, resized.
    Memory holds no more images than asked for.

    Parameters
    ----------
    paths : sequence of path
    size : int
        Rows and columns of an image, at least 1.
    threads : int
        How many decode at the same time; the result does not depend on it.

    Attributes
    ----------
    shape : tuple of int
        (images, size, size, 3).
    dtype : numpy.dtype
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, paths: Sequence[Path], size: int, threads: int = 4):
        self.paths = list(paths)
        self.size = size
        self.threads = threads

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.paths), self.size, self.size, 3

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Middles of images; of one without the first axis.

        Raises
        ------
        DataError
            If a file is missing, damaged or too large; the message names it.
        """
        chosen = np.arange(len(self))[index]
        if chosen.ndim == 0:
            return self._read([chosen], [None])[0]
        return self._read(chosen, [None] * len(chosen))

    def __array__(self, *args, **kwargs):
        raise DataError(
            f"{len(self):,} images in files are too many for memory; take some by their index"
        )

    def draw(
        self,
        index: Sequence[int] | np.ndarray,
        generator: torch.Generator,
        part: slice = slice(None),
    ) -> np.ndarray:
        """Random parts of images, resized, every second one mirrored.

        A part has 8 to 100 % of the area and sides of ratio 3/4 to 4/3 (Szegedy et al., "Going
        deeper with convolutions", CVPR 2015).

        Parameters
        ----------
        index : array of int
        generator : torch.Generator
            On the CPU. It moves on by as much as all of ``index`` takes.
        part : slice, optional
            Which of them are wanted; they are as they are among all.

        Returns
        -------
        array of uint8, shape (len(index[part]), size, size, 3)

        Raises
        ------
        DataError
            If a file is missing, damaged or too large; the message names it.
        """
        shape = len(index), _TRIES, 4
        draws = torch.rand(shape, generator=generator, dtype=torch.float64).tolist()
        mirrored = torch.rand(len(index), generator=generator).numpy()[part] < 0.5
        images = self._read(np.asarray(index)[part], draws[part])
        images[mirrored] = images[mirrored, :, ::-1]
        return images

    @cached_property
    def _digest(self) -> str:
        content = hashlib.sha256(f"{self.size}".encode())
        for path in self.paths:
            content.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
        return content.hexdigest()

    def digest(self) -> str:
        """SHA-256 of the size, and of name, folder and length of each file, in hexadecimal."""
        return self._digest

    def _read(self, index: Sequence[int], draws: Sequence[list | None]) -> np.ndarray:
        with ThreadPoolExecutor(self.threads) as pool:
            images = list(pool.map(self._image, index, draws))
        return np.stack(images) if images else np.empty((0, *self.shape[1:]), self.dtype)

    def _image(self, index: int, draws: list | None) -> np.ndarray:
        image = open_image(self.paths[index])
        middle = draws is None
        box = _middle(*image.size, _CENTRE) if middle else _part(*image.size, draws)
        return np.asarray(image.resize((self.size, self.size), _bilinear(), box=box))


def _bilinear():
    from PIL import Image

    return Image.Resampling.BILINEAR


def _middle(width: int, height: int, share: float) -> tuple[float, ...]:
    """Left, top, right and bottom of the middle square."""
    side = share * min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _part(width: int, height: int, draws: list) -> tuple[float, ...]:
    """Left, top, right and bottom of a random part."""
    for area, ratio, x, y in draws:
        pixels = width * height * (_LEAST_AREA + (1 - _LEAST_AREA) * area)
        stretch = math.exp((1 - 2 * ratio) * math.log(_RATIO))
        columns, rows = round(math.sqrt(pixels * stretch)), round(math.sqrt(pixels / stretch))
        if 1 <= columns <= width and 1 <= rows <= height:
            left, top = int(x * (width - columns + 1)), int(y * (height - rows + 1))
            return left, top, left + columns, top + rows
    return _middle(width, height, 1)
