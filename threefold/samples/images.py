"""Images: files in a folder for each class."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..errors import DataError
from .encoder import Encoder
from .format import Format, Learned, member
from .picture import SUFFIXES, Picture, open_picture
from .samples import Samples

__all__ = ["Images"]

_SIDE = 256  # pixels that need no --size
_LIMIT = 1 << 29  # pixels of all images
_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")


@dataclass(frozen=True)
class Images(Format):
    """Folders of image files, one for each class and named after it.

    Parameters
    ----------
    height, width : int
        Pixels of an image.
    channels : int
        1 if all images are grey, else 3: red, green and blue.
    resized : bool
        Whether images of other sizes are squeezed to that size.
    """

    kind: ClassVar[str] = "images"
    noun: ClassVar[str] = "folders of images"
    sample: ClassVar[str] = "image"
    options: ClassVar[tuple[str, ...]] = ("size",)

    height: int
    width: int
    channels: int
    resized: bool

    def __post_init__(self):
        for name in ("height", "width", "channels"):
            member(self.kind, getattr(self, name), int)
        member(self.kind, self.resized, bool)
        if min(self.height, self.width) < 1 or self.channels not in (1, 3):
            raise DataError(f"format {self.kind!r} has 1 or 3 channels, and pixels")

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def meaning(self) -> str:
        colours = "grey" if self.channels == 1 else "red, green and blue"
        return f"pixels of 8 bits, {colours}"

    @property
    def classes_from(self) -> str:
        return "a folder with one folder for each class is expected"

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return path.is_dir() or path.suffix.lower() in SUFFIXES

    @classmethod
    def learn(cls, path: Path, size: str | None = None) -> Learned:
        """See :meth:`Format.learn`.

        Parameters
        ----------
        path : Path
        size : str, optional
            ``"28x28"``: height and width to squeeze all images to. Without it they must be of one
            size.
        """
        wanted = None if size is None else _parsed(size)
        if not path.is_dir():
            raise DataError(f"{path} is one image; give a folder with a folder for each class")
        files = _by_class(path)
        pixels = []
        for file, _ in files:
            picture = open_picture(file)
            if size is None:
                wanted = wanted or _moderate(picture)
                if picture.size != wanted:
                    raise DataError(
                        f"{file} has {_times(picture.size)} pixels, and {files[0][0]} "
                        f"{_times(wanted)}; give the size to squeeze all to, such as --size 28x28"
                    )
            assert wanted is not None
            _require_room(len(files), wanted)
            pixels.append(picture.pixels(wanted))
        assert wanted is not None
        channels = max(each.shape[2] for each in pixels)
        values = np.stack([np.broadcast_to(each, (*wanted, channels)) for each in pixels])
        return Learned(cls(*wanted, channels, size is not None), _samples(values, files), None)

    def read(self, path: Path) -> Samples:
        files: list[tuple[Path, str | None]] = [(path, None)]
        if path.is_dir():
            files = _by_class(path)
        size = (self.height, self.width)
        _require_room(len(files), size)
        values = np.empty((len(files), *self.shape), np.uint8)
        for index, (file, _) in enumerate(files):
            picture = open_picture(file)
            if picture.size != size and not self.resized:
                raise DataError(
                    f"{file} has {_times(picture.size)} pixels, not {_times(size)}; resize it, or "
                    f"train with --size {self.height}x{self.width}"
                )
            values[index] = picture.pixels(size, self.channels)
        return _samples(values, files)

    def encoder(self, values: np.ndarray, bits: int) -> Encoder:
        return Encoder.between(0, 255, self.channels, bits)


def _samples(values: np.ndarray, files: list[tuple[Path, str | None]]) -> Samples:
    labels = [label for _, label in files if label is not None]
    places = tuple(str(path) for path, _ in files)
    return Samples(values, tuple(labels) if labels else None, places)


def _by_class(path: Path) -> list[tuple[Path, str | None]]:
    """Image files in order, with the folder of each; without if they are not in folders."""
    folders = _sorted(each for each in path.iterdir() if each.is_dir())
    loose = _pictures(path)
    if not folders:
        if not loose:
            raise DataError(f"{path} holds no images and no folders of images")
        return [(file, None) for file in loose]
    if loose:
        raise DataError(
            f"{path} holds images beside folders, such as {loose[0].name}; an image belongs into "
            f"the folder of its class"
        )
    files: list[tuple[Path, str | None]] = []
    for folder in folders:
        found = _pictures(folder)
        inner = _sorted(each for each in folder.iterdir() if each.is_dir())
        if inner:
            raise DataError(
                f"{folder} holds folders, such as {inner[0].name}, where images of a class belong; "
                f"sets for training and test are given one by one, by --data and --test-data"
            )
        if not found:
            raise DataError(
                f"{folder} holds no images; remove it, or put images of its class there, whose "
                f"names end in {', '.join(sorted(SUFFIXES))}"
            )
        files += [(file, folder.name) for file in found]
    return files


def _pictures(folder: Path) -> list[Path]:
    return _sorted(
        each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES and each.is_file()
    )


def _sorted(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if not path.name.startswith("."))


def _moderate(picture: Picture) -> tuple[int, int]:
    """The size of a picture, if it is one that a small FPGA takes."""
    if max(picture.size) > _SIDE:
        raise DataError(
            f"{picture.path} has {_times(picture.size)} pixels, much for a small FPGA; give the "
            f"size to squeeze all to, such as --size 32x32"
        )
    return picture.size


def _parsed(size: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(size)
    if not match or not int(match[1]) or not int(match[2]):
        raise DataError(f"--size must be HEIGHTxWIDTH such as 28x28, not {size!r:.60}")
    return int(match[1]), int(match[2])


def _require_room(count: int, size: tuple[int, int]) -> None:
    if count * size[0] * size[1] > _LIMIT:
        raise DataError(
            f"{count:,} images of {_times(size)} are too many for memory; give a smaller --size"
        )


def _times(size: tuple[int, int]) -> str:
    return "×".join(map(str, size))
