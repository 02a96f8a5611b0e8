"""Format of samples: how values and labels are found in files of one kind."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np

from ..errors import DataError
from .encoder import Encoder
from .samples import Samples

__all__ = ["Format", "Learned", "member"]


class Learned(NamedTuple):
    """What files to train with tell: their format and samples.

    Attributes
    ----------
    format : Format
    train : Samples
        With labels.
    test : Samples or None
        Those held out, where the files say which.
    """

    format: "Format"
    train: Samples
    test: Samples | None


class Format(ABC):
    """Kind of files, and what was learned about them when a network was trained.

    A subclass is a frozen dataclass of JSON values, in a module of its own in this package, where
    it is found by itself.

    Attributes
    ----------
    kind : str
        Word for it in the provenance of networks.
    noun : str
        Word for it in messages, in the plural.
    sample : str
        Word for a sample in messages.
    options : tuple of str
        Names of what :meth:`learn` can be told besides the path.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    sample: ClassVar[str] = "sample"
    options: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def accepts(cls, path: Path) -> bool:
        """Whether a path is of this kind; the path exists."""

    @classmethod
    @abstractmethod
    def learn(cls, path: Path, **options) -> Learned:
        """The format of files to train with, and their samples.

        Raises
        ------
        DataError
            If they cannot be read, or hold something else; the message says where.
        """

    @abstractmethod
    def read(self, path: Path) -> Samples:
        """Samples of other files of this format, with labels or without.

        Raises
        ------
        DataError
            If they cannot be read, or do not fit; the message says where.
        """

    @abstractmethod
    def encoder(self, values: np.ndarray, bits: int) -> Encoder:
        """Encoder for values of the samples to train with.

        Raises
        ------
        DataError
            If ``bits`` is out of range.
        """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a sample."""

    @property
    @abstractmethod
    def meaning(self) -> str:
        """What the values of a sample are, in ASCII, as a C header says it."""

    @property
    def classes_from(self) -> str:
        """What has to be in files for their samples to have classes, as messages say it."""
        return "add them"

    @property
    def features(self) -> list[str]:
        """Names of the values of a sample, in order; empty if they have none."""
        return []

    @property
    def preset(self) -> str:
        """Name of the training to start from."""
        return "images" if min(self.shape[:2]) >= 4 else "table"

    def to_json(self) -> dict:
        """Kind and fields, as JSON has them."""
        return {"kind": self.kind, **dataclasses.asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, content: Mapping) -> Self:
        """The format that :meth:`to_json` was of.

        Raises
        ------
        DataError
            If fields are missing, unknown, or not of their kind.
        """
        fields = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        given = {key: value for key, value in content.items() if key != "kind"}
        if set(given) != fields:
            raise DataError(f"format {cls.kind!r} has {', '.join(sorted(fields))}")
        return cls(**given)


def member(kind: str, value, wanted: type) -> None:
    """Check the type of a field of a format."""
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise DataError(f"format {kind!r} has {wanted.__name__}, not {value!r:.40}")
