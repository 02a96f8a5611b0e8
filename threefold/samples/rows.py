"""Rows of text: fields of files separated by commas, semicolons or tabs."""

import csv
import io
from pathlib import Path

from ..data import read_content
from ..errors import DataError

__all__ = ["Row", "is_number", "read_rows"]

_DELIMITERS = ",;\t"

Row = tuple[int, list[str]]
"""Number of the line that a row ends in, and its fields without spaces around them."""


def read_rows(path: Path) -> list[Row]:
    """Rows of a file, all of as many fields; empty ones are left out.

    The separator is that of ``,``, ``;`` and tab which the first row has most of. Fields may be
    quoted by ``"``.

    Raises
    ------
    DataError
        If the file cannot be read, is no text in UTF-8, is empty, has one column only, or rows
        of other lengths than the first.
    """
    try:
        text = read_content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path} is not text in UTF-8 in line {line}; save it as UTF-8") from None
    lines = io.StringIO(text, newline="").readlines()  # not where str.splitlines does, as at U+2028
    reader = csv.reader(
        lines, delimiter=_delimiter(path, lines), strict=True, skipinitialspace=True
    )
    rows: list[Row] = []
    try:
        for fields in reader:
            if any(map(str.strip, fields)):
                rows.append((reader.line_num, [field.strip() for field in fields]))
    except csv.Error as error:
        raise DataError(f"{path} is damaged in line {reader.line_num}: {error}") from None
    _require_even(path, rows)
    return rows


def is_number(field: str) -> bool:
    """Whether a field is a number, as it is written in C."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _delimiter(path: Path, lines: list[str]) -> str:
    """The separator that the first row has most of."""
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise DataError(f"{path} is empty")
    try:
        fields = {each: next(csv.reader([lines[first]], delimiter=each)) for each in _DELIMITERS}
    except csv.Error as error:
        raise DataError(f"{path} is damaged in line {first + 1}: {error}") from None
    return max(fields, key=lambda each: len(fields[each]))


def _require_even(path: Path, rows: list[Row]) -> None:
    line, fields = rows[0]
    if len(fields) == 1:
        raise DataError(
            f"{path} has one column only in line {line}; columns are separated by commas, "
            f"semicolons or tabs"
        )
    for line, each in rows:
        if len(each) != len(fields):
            raise DataError(
                f"{path} has {len(each)} columns in line {line}, not {len(fields)} as in line "
                f"{rows[0][0]}"
            )
