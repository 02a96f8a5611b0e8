"""Table: a row for each sample, in a file separated by commas, semicolons or tabs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..errors import DataError
from .encoder import MAX_VALUE, Encoder
from .format import Format, Learned, member
from .rows import Row, is_number, read_rows
from .samples import Samples

__all__ = ["Table"]

_SUFFIXES = {".csv", ".tsv", ".txt", ".data", ".tab"}
_MISSING = {"", "?", "-", "na", "n/a", "nan", "null", "none", "#n/a"}


@dataclass(frozen=True)
class Table(Format):
    """Tables of numbers with a column for the class.

    The first row names the columns if no field of it is a number, or if it has a name that is asked
    for. Columns without names are called ``column 1``, ``column 2``, ….

    Parameters
    ----------
    columns : sequence of str
        Names of all columns, in order.
    label : str
        Name of the column of the class.
    drop : sequence of str
        Names of columns that are neither feature nor class.
    named : bool
        Whether the file names its columns.
    """

    kind: ClassVar[str] = "table"
    noun: ClassVar[str] = "tables"
    sample: ClassVar[str] = "row"
    options: ClassVar[tuple[str, ...]] = ("label", "drop")

    columns: tuple[str, ...]
    label: str
    drop: tuple[str, ...] = ()
    named: bool = True

    def __post_init__(self):
        for name in ("columns", "drop"):
            names = getattr(self, name)
            if isinstance(names, list):
                object.__setattr__(self, name, tuple(names))
            member(self.kind, getattr(self, name), tuple)
            for each in getattr(self, name):
                member(self.kind, each, str)
        member(self.kind, self.label, str)
        member(self.kind, self.named, bool)
        if len(set(self.columns)) != len(self.columns) or not self.features:
            raise DataError(f"format {self.kind!r} needs columns of different names")

    @property
    def features(self) -> list[str]:
        """Names of the columns that a network reads."""
        return [name for name in self.columns if name != self.label and name not in self.drop]

    @property
    def shape(self) -> tuple[int, int, int]:
        return 1, 1, len(self.features)

    @property
    def meaning(self) -> str:
        return "features of a row"

    @property
    def classes_from(self) -> str:
        return f"a column {self.label!r:.60} is expected"

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return path.is_file() and path.suffix.lower() in _SUFFIXES

    @classmethod
    def learn(cls, path: Path, label: str | None = None, drop: Sequence[str] = ()) -> Learned:
        """See :meth:`Format.learn`.

        Parameters
        ----------
        path : Path
        label : str, optional
            Name of the column of the class, or its number, counted from 1; the last if left out.
        drop : sequence of str
            Names or numbers of columns to leave out.
        """
        rows = read_rows(path)
        names = _header(path, rows, label, drop)
        columns = names or [f"column {number + 1}" for number in range(len(rows[0][1]))]
        mark = _find(path, columns, label, names) if label is not None else columns[-1]
        dropped = tuple(_find(path, columns, each, names) for each in drop)
        if mark in dropped:
            raise DataError(f"{mark!r:.60} cannot be both --label and left out by --drop")
        if not set(columns) - {mark, *dropped}:
            raise DataError(f"{path} has no column but the label and what --drop leaves out")
        table = cls(tuple(columns), mark, dropped, names is not None)
        samples = table._samples(path, rows[1:] if names else rows, columns)
        assert samples.labels is not None
        return Learned(table, samples, None)

    def read(self, path: Path) -> Samples:
        rows = read_rows(path)
        first = rows[0][1]
        if self.named and set(self.features) <= set(first):
            return self._samples(path, rows[1:], first)
        if _is_header(first):
            if self.named:
                missing = next(name for name in self.features if name not in first)
                raise DataError(f"{path} has no column {missing!r:.60}")
            rows = rows[1:]
        columns = self._guess(first)
        if columns is None:
            count = len(self.columns)
            raise DataError(
                f"{path} has {len(first)} columns, not {count} as the network was trained with, or "
                f"its {len(self.features)} features alone"
            )
        return self._samples(path, rows, columns)

    def encoder(self, values: np.ndarray, bits: int) -> Encoder:
        return Encoder.standard(values, bits)

    def _guess(self, fields: list[str]) -> list[str] | None:
        """What columns without names are, as far as their number tells."""
        if len(fields) == len(self.columns):
            return list(self.columns)
        return self.features if len(fields) == len(self.features) else None

    def _samples(self, path: Path, rows: list[Row], columns: Sequence[str]) -> Samples:
        if not rows:
            raise DataError(f"{path} has no row but the names of its columns")
        places = [columns.index(name) for name in self.features]
        values = np.empty((len(rows), 1, 1, len(places)))
        for index, (line, fields) in enumerate(rows):
            row = [fields[place] for place in places]
            try:
                values[index, 0, 0] = [*map(float, row)]
            except ValueError:
                values[index] = np.nan
            if not (abs(values[index]) <= MAX_VALUE).all() or any("_" in field for field in row):
                self._refuse(path, line, row, rows[0][0])
        labels = None
        if self.label in columns:
            mark = columns.index(self.label)
            labels = tuple(fields[mark] for _, fields in rows)
            for (line, _), label in zip(rows, labels, strict=True):
                if label.lower() in _MISSING - {"-", "none", "na"}:
                    raise DataError(
                        f"{path} has no class in line {line}, column {self.label!r:.60}; fill it "
                        f"in, or leave the row out"
                    )
        return Samples(values, labels, tuple(f"line {line} of {path}" for line, _ in rows))

    def _refuse(self, path: Path, line: int, row: Sequence[str], first: int) -> None:
        """Raise for the first field of a row that is no finite number."""
        for name, field in zip(self.features, row, strict=True):
            place = f"in line {line}, column {name!r:.60}"
            if field.lower() in _MISSING:
                raise DataError(
                    f"{path} has no value {place}; fill it in, leave the row out, or train without "
                    f"the column, by --drop"
                )
            if not is_number(field):
                way = (
                    "columns of text are not supported: encode it as numbers, or train without "
                    "it, by --drop"
                )
                if is_number(field.replace(",", ".")):
                    way = "write decimals with a point"
                elif line == first and not self.named:
                    way = f"{way}, or, if it is a name, let no other name be a number"
                raise DataError(f"{path} has {field!r:.60} {place}, which is no number; {way}")
            if not abs(float(field)) <= MAX_VALUE:
                raise DataError(
                    f"{path} has {field:.60} {place}; values are at most {MAX_VALUE:g} either way"
                )


def _header(
    path: Path, rows: list[Row], label: str | None, drop: Sequence[str]
) -> list[str] | None:
    """Names of the columns, if the first row has them."""
    line, names = rows[0]
    asked = [each for each in (label, *drop) if each is not None and not each.isdecimal()]
    if not any(each in names for each in asked) and not _is_header(names):
        return None
    for number, name in enumerate(names, 1):
        if not name:
            raise DataError(
                f"{path} has no name for column {number} in line {line}; name it, or remove it if "
                f"it only counts rows"
            )
        if names.index(name) != number - 1:
            raise DataError(f"{path} has two columns {name!r:.60} in line {line}; rename one")
    return names


def _is_header(fields: list[str]) -> bool:
    """Whether a first row has names: no number, and something else than missing values."""
    return not any(map(is_number, fields)) and any(each.lower() not in _MISSING for each in fields)


def _find(path: Path, columns: list[str], wanted: str, names: list[str] | None) -> str:
    """The name of a column that is given by name or number."""
    if wanted in columns:
        return wanted
    if wanted.isdecimal() and len(wanted) < 10:
        if 1 <= int(wanted) <= len(columns):
            return columns[int(wanted) - 1]
        raise DataError(f"{path} has columns 1…{len(columns)}, not {wanted}")
    if names is None:
        raise DataError(
            f"{path} does not name its columns, as {wanted!r:.60}; give a number, 1…{len(columns)}"
        )
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    raise DataError(f"{path} has no column {wanted!r:.60}; it has {shown}")
