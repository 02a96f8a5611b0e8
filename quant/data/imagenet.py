"""ImageNet layout: photographs in one folder for each class."""

from pathlib import Path

import numpy as np

from threefold.errors import DataError
from threefold.network import Codes, Tensor

from .dataset import Dataset
from .files import find_files
from .image_files import ImageFiles

__all__ = ["imagenet"]

_SUFFIXES = (".jpeg", ".jpg", ".png")


def imagenet(folder: Path | str | None, size: int = 224) -> Dataset:
    """Photographs in files ``train/CLASS/*`` to train with, and ``val/CLASS/*`` held out.

    Images stay in their files, see :class:`ImageFiles`: to train with, random parts of them are
    resized; of those held out, the middle. Pixels are 8-bit codes whose values are −128…127.
    ImageNet (Russakovsky et al., IJCV 2015) is laid out like this, and any other images may be.

    Parameters
    ----------
    folder : path
        With folders ``train`` and ``val``, and in them one folder for each class, of JPEG or PNG
        files; other files are left out. Classes are in the order of their names.
    size : int
        Rows and columns of an image, at least 1.

    Raises
    ------
    DataError
        If there is no such folder, a class has no images, or one is held out only.
    """
    if size < 1:
        raise DataError(f"images need at least 1 row and column, not {size}")
    train, held_out = find_files("imagenet", folder)
    names = _folders(train)
    unknown = sorted(set(_folders(held_out)) - set(names))
    if unknown:
        raise DataError(f"{held_out} has class {unknown[0]!r}, which {train} lacks; remove it")
    parts = []
    for place, classes in ((train, names), (held_out, _folders(held_out))):
        found = [_images(place / name) for name in classes]
        labels = np.repeat([names.index(name) for name in classes], [len(each) for each in found])
        parts += [ImageFiles([path for each in found for path in each], size), labels]
    return Dataset("imagenet", *parts, Tensor((size, size, 3), Codes.signed(8)), names=tuple(names))


def _folders(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if not names:
        raise DataError(f"{folder} has no folders; put the images of each class into one")
    return names


def _images(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise DataError(f"{folder} has no images ({', '.join(_SUFFIXES)}); add some or remove it")
    return paths
