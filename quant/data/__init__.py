"""Data sets as integer codes, split once and for all."""

from collections.abc import Callable
from pathlib import Path

from threefold.errors import DataError

from .augment import AUGMENTATIONS
from .cifar10 import cifar10, cifar10_jpeg
from .dataset import Dataset
from .digits import digit_maps, digits
from .download import download
from .files import SOURCES
from .image_files import ImageFiles
from .imagenet import imagenet
from .mnist import fashion_mnist, mnist, mnist8
from .own import as_dataset, own_dataset
from .speech_commands import speech_commands
from .tabular import letter, magic, pendigits

__all__ = [
    "AUGMENTATIONS",
    "DATASETS",
    "SOURCES",
    "Dataset",
    "ImageFiles",
    "as_dataset",
    "digit_maps",
    "digits",
    "download",
    "load_dataset",
    "mnist",
    "own_dataset",
]


def load_dataset(name: str, folder: Path | str | None = None) -> Dataset:
    """A data set by its name in :data:`DATASETS`.

    Parameters
    ----------
    name : str
    folder : path, optional
        Where its files are, for those that do not come with a package.

    Raises
    ------
    DataError
        If ``name`` is none, files are missing or damaged, or a folder is given in vain.
    ToolError
        If a package is missing.
    """
    if name not in DATASETS:
        raise DataError(f"there is no data set {name!r}; there is {', '.join(sorted(DATASETS))}")
    if name in SOURCES:
        return DATASETS[name](folder)
    if folder is not None:
        raise DataError(f"{name} comes with a package; leave out the folder {folder}")
    return DATASETS[name]()


DATASETS: dict[str, Callable[..., Dataset]] = {
    "cifar10": cifar10,
    "cifar10_jpeg": cifar10_jpeg,
    "digits": digits,
    "digit_maps": digit_maps,
    "fashion_mnist": fashion_mnist,
    "imagenet": imagenet,
    "letter": letter,
    "magic": magic,
    "mnist": mnist,
    "mnist8": mnist8,
    "pendigits": pendigits,
    "speech_commands": speech_commands,
}
"""Data sets by name; those in :data:`SOURCES` are read from files in a folder."""
