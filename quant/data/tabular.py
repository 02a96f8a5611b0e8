"""Tables of features: sets of the UCI repository, in the files they are published in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

import numpy as np

from threefold.archive import shorten
from threefold.data import read_content
from threefold.errors import DataError
from threefold.network import Codes, Tensor

from .dataset import Dataset
from .files import find_files
from .standard import standardise

__all__ = ["letter", "magic", "pendigits"]


@dataclass(frozen=True)
class _Table:
    """Columns of a file: how many, which of them are features, and which is the class."""

    columns: int
    features: slice
    mark: int


_CLASS_FIRST = _Table(17, slice(1, 17), 0)
_CLASS_LAST = _Table(17, slice(0, 16), 16)
_NUMBERED = _Table(18, slice(1, 17), 17)
_TABLES = {
    "letter-recognition.data": _CLASS_FIRST,
    "letter.csv": _NUMBERED,
    "magic04.data": _Table(11, slice(0, 10), 10),
    "pendigits.csv": _NUMBERED,
    "pendigits.tes": _CLASS_LAST,
    "pendigits.tra": _CLASS_LAST,
}
_ROWS = {"letter": (16_000, 4_000), "magic": (15_216, 3_804), "pendigits": (7_494, 3_498)}


def letter(folder: Path | str | None) -> Dataset:
    """Capital letters as 16 features, 16,000 to train with and the last 4,000 held out.

    Letter Recognition (Slate; Frey and Slate 1991). Features are codes of 8 bits whose values are
    −128…127: each is standardised by the examples to train with, 32 steps a standard deviation.

    Parameters
    ----------
    folder : path
        Where ``letter-recognition.data`` is, or a table ``letter.csv`` of the same rows with
        a number, the features and the class in each.

    Raises
    ------
    DataError
        If there is no such folder, or the file is missing or damaged.
    """
    return _dataset("letter", folder, tuple(ascii_uppercase), tuple(ascii_uppercase))


def pendigits(folder: Path | str | None) -> Dataset:
    """Digits drawn by pen as 8 points, 7,494 of 30 writers, and 3,498 of 14 others held out.

    Pen-Based Recognition of Handwritten Digits (Alpaydin and Alimoglu 1998). Codes, parameters
    and errors are as in :func:`letter`; the files are ``pendigits.tra`` and ``pendigits.tes``, or
    a table ``pendigits.csv`` of both.
    """
    return _dataset("pendigits", folder, tuple("0123456789"), tuple("0123456789"))


def magic(folder: Path | str | None) -> Dataset:
    """Showers in a telescope, gamma or hadron, as 10 features.

    MAGIC Gamma Telescope (Bock 2004). It comes without a split: 15,216 examples to train with are
    the first of a permutation by NumPy's frozen ``RandomState(0)``, and 3,804 are held out. Codes,
    parameters and errors are as in :func:`letter`; the file is ``magic04.data``.
    """
    return _dataset("magic", folder, ("g", "h"), ("gamma", "hadron"))


def _dataset(
    name: str, folder: Path | str | None, marks: Sequence[str], names: tuple[str, ...]
) -> Dataset:
    paths = find_files(name, folder)
    tables = [_read(path, marks) for path in paths]
    features, labels = (np.concatenate(arrays) for arrays in zip(*tables, strict=True))
    count = sum(_ROWS[name])
    if len(labels) != count:
        where = " and ".join(map(str, paths))
        raise DataError(f"{where} hold {len(labels):,} examples, not {count:,}; get them again")
    order = np.random.RandomState(0).permutation(count) if name == "magic" else np.arange(count)
    train, test = order[: _ROWS[name][0]], order[_ROWS[name][0] :]
    codes = standardise(features, np.isin(np.arange(count), train))[:, None, None, :]
    return Dataset(
        name,
        codes[train],
        labels[train],
        codes[test],
        labels[test],
        Tensor(codes.shape[1:], Codes.signed(8)),
        names=names,
    )


def _read(path: Path, marks: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of the rows of a file, whose first row may name the columns."""
    table = _TABLES[path.name]
    features, labels = [], []
    lines = read_content(path).decode(errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        row = [field.strip(' "') for field in line.split(",")]
        if len(row) != table.columns:
            problem = f"{len(row)} columns in line {number}, not {table.columns}"
            raise DataError(f"{path} has {problem}; get it again")
        if row[table.mark] not in marks:
            if number == 1:
                continue
            problem = f"class {shorten(row[table.mark])} in line {number}"
            raise DataError(f"{path} has {problem}, not {marks[0]}…{marks[-1]}; get it again")
        features.append([_number(field) for field in row[table.features]])
        if not np.isfinite(features[-1]).all():
            problem = f"a feature in line {number} that is no number"
            raise DataError(f"{path} has {problem}; get it again")
        labels.append(marks.index(row[table.mark]))
    width = len(range(table.columns)[table.features])
    return np.array(features).reshape(-1, width), np.array(labels, np.int64)


def _number(field: str) -> float:
    try:
        return float(field)
    except ValueError:
        return math.nan
