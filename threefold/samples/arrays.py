"""Arrays: samples and labels in an ``.npz`` file of NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from ..archive import read_npy, unzip
from ..data import read_content
from ..errors import DataError, FileFormatError
from .encoder import MAX_VALUE, Encoder
from .format import Format, Learned, member
from .samples import Samples

__all__ = ["Arrays"]

_WHOLE = (("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target"))
_TRAIN = (("x_train", "y_train"), ("X_train", "y_train"), ("train_images", "train_labels"))
_TEST = (("x_test", "y_test"), ("X_test", "y_test"), ("test_images", "test_labels"))
_LIMIT = 1 << 30  # bytes that a file unpacks to
_ANY = "any"
_DTYPES = ("uint8", "uint16", "float64", _ANY)
_WHOLE_NUMBERS = 2.0**53  # as far as doubles hold them all
_SHAPES = "(samples, features), (samples, height, width) or (samples, height, width, channels)"


@dataclass(frozen=True)
class Arrays(Format):
    """Files of arrays ``x`` and ``y``, or ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    The names may also be ``images`` and ``labels``, ``train_images`` and so on, or ``data`` and
    ``target``. An array of samples is (samples, features), (samples, height, width) or (samples,
    height, width, channels), of numbers; one of labels (samples,), of integers or text.

    Parameters
    ----------
    height, width, channels : int
        Shape of a sample; features are channels of one pixel.
    dtype : str
        Type of the values: ``"uint8"``, ``"uint16"``, or ``"float64"`` for every other; ``"any"``
        in networks of earlier versions, which do not tell.
    """

    kind: ClassVar[str] = "arrays"
    noun: ClassVar[str] = "arrays"

    height: int
    width: int
    channels: int
    dtype: str = _ANY

    def __post_init__(self):
        for name in ("height", "width", "channels"):
            member(self.kind, getattr(self, name), int)
        if self.dtype not in _DTYPES:
            raise DataError(f"format {self.kind!r} has no values of {self.dtype!r:.40}")
        if min(self.shape) < 1:
            raise DataError(f"format {self.kind!r} has no shape {self.shape}")

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def meaning(self) -> str:
        return "numbers as the array of samples has them"

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return path.is_file() and path.suffix.lower() == ".npz"

    @classmethod
    def learn(cls, path: Path) -> Learned:
        members = _members(path)
        train = _pair(members, _TRAIN) or _pair(members, _WHOLE)
        if train is None or train[1] not in members:
            raise DataError(
                f"{path} has the arrays {_listed(members)}; name them x and y, or x_train, "
                f"y_train, x_test and y_test"
            )
        samples = _samples(path, members, train)
        height, width, channels = samples.values.shape[1:]
        made = cls(height, width, channels, samples.values.dtype.name)
        names = _pair(members, _TEST) if train in _TRAIN else None
        if names is None:
            return Learned(made, samples, None)
        if names[1] not in members:
            raise DataError(f"{path} has {names[0]}, but no {names[1]}")
        test = _samples(path, members, names)
        made._require_alike(path, test)
        return Learned(made, samples, test)

    def read(self, path: Path) -> Samples:
        members = _members(path)
        names = _pair(members, _TEST) or _pair(members, _TRAIN) or _pair(members, _WHOLE)
        if names is None:
            raise DataError(
                f"{path} has the arrays {_listed(members)}; name the samples x, and their classes y"
            )
        samples = _samples(path, members, names)
        self._require_alike(path, samples)
        return samples

    def encoder(self, values: np.ndarray, bits: int) -> Encoder:
        if self.shape[:2] == (1, 1):
            return Encoder.standard(values, bits)
        if values.dtype in (np.uint8, np.uint16):
            return Encoder.between(0, int(np.iinfo(values.dtype).max), self.channels, bits)
        return Encoder.between(float(values.min()), float(values.max()), self.channels, bits)

    @classmethod
    def from_json(cls, content: Mapping) -> Self:
        return super().from_json({"dtype": _ANY, **content})

    def _require_alike(self, path: Path, samples: Samples) -> None:
        shape = samples.values.shape[1:]
        if shape != self.shape:
            raise DataError(
                f"{path} has samples of {_times(shape)}, not {_times(self.shape)} as the network "
                f"was trained with"
            )
        given = samples.values.dtype.name
        if self.dtype in (given, _ANY):
            return
        if self.dtype == "float64":
            raise DataError(
                f"{path} has samples of {given}, but the network was trained with another type; "
                f"bring them to the scale of those, as float64"
            )
        raise DataError(
            f"{path} has samples of another type than {self.dtype}, which the network was trained "
            f"with; bring them to 0…{np.iinfo(self.dtype).max} of that type"
        )


def _members(path: Path) -> dict[str, bytes]:
    try:
        members = unzip(read_content(path), "it", _LIMIT)
    except FileFormatError as error:
        raise DataError(f"{path} is not an .npz file of plain arrays: {error}") from None
    return {name.removesuffix(".npy"): data for name, data in members.items()}


def _pair(members: Mapping, pairs: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """The first pair of names whose samples are there."""
    return next((pair for pair in pairs if pair[0] in members), None)


def _samples(path: Path, members: Mapping[str, bytes], names: tuple[str, str]) -> Samples:
    try:
        values = read_npy(members[names[0]])
        labels = read_npy(members[names[1]]) if names[1] in members else None
    except ValueError as error:
        raise DataError(f"{path} is not an .npz file of plain arrays: {error}") from None
    values = _values(path, names[0], values)
    places = tuple(f"{names[0]}[{index}] of {path}" for index in range(len(values)))
    if labels is None:
        return Samples(values, None, places)
    return Samples(values, _labels(path, names[1], labels, len(values)), places)


def _values(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    """Numbers of the shape (samples, height, width, channels)."""
    if values.dtype.kind not in "biuf":
        raise DataError(f"{name} of {path} must be numbers, not {values.dtype}")
    if values.ndim not in (2, 3, 4) or not values.size:
        raise DataError(f"{name} of {path} must be {_SHAPES}, not {values.shape}")
    if values.ndim == 4 and values.shape[1] in (1, 3) and values.shape[3] > 4:
        raise DataError(
            f"{name} of {path} has the channels of {values.shape} in front; move them to the end, "
            f"by {name}.transpose(0, 2, 3, 1)"
        )
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.dtype not in (np.uint8, np.uint16):
        values = values.astype(np.float64)
        wrong = np.argwhere(~(abs(values) <= MAX_VALUE))
        if len(wrong):
            place = tuple(wrong[0].tolist())
            raise DataError(
                f"{name}{list(place)} of {path} is {values[place]}; values must be finite, and at "
                f"most {MAX_VALUE:g} either way"
            )
    if values.ndim == 2:
        return values[:, None, None]
    return values[..., None] if values.ndim == 3 else values


def _labels(path: Path, name: str, labels: np.ndarray, count: int) -> tuple[str, ...]:
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise DataError(
            f"{name} of {path} must be ({count},), a class for each sample, not {labels.shape}"
        )
    if labels.dtype.kind == "f":
        whole = (labels == np.floor(labels)) & (abs(labels) < _WHOLE_NUMBERS)
        labels = labels.astype(np.int64) if whole.all() else labels
    if labels.dtype.kind not in "biuU":
        raise DataError(f"{name} of {path} must be integers or text, not {labels.dtype}")
    return tuple(str(label) for label in labels.tolist())


def _listed(members: Mapping) -> str:
    return ", ".join(sorted(members))[:200] or "none"


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
