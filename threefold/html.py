"""HTML table: how notebooks show a network, a plan or a report."""

from collections.abc import Collection, Iterable, Sequence
from html import escape

__all__ = ["html_table"]


def html_table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    emphasized: Collection[int] = (),
) -> str:
    """A table for ``_repr_html_``, every text of it escaped.

    Parameters
    ----------
    caption : str
    columns : sequence of str
        Heading of each column.
    rows : iterable of sequence
        A cell for each column. Integers are grouped by thousands and aligned to the right, as
        are floats, which keep the digits they have; None is an empty cell.
    emphasized : collection of int
        Rows in bold, from 0.
    """
    rows = [list(row) for row in rows]
    lines = ["<table>", f'<caption style="white-space: nowrap">{escape(caption)}</caption>']
    heads = [
        f'<th style="text-align: {_side(values)}">{escape(column)}</th>'
        for column, *values in zip(columns, *rows, strict=True)
    ]
    lines += [f"<thead><tr>{''.join(heads)}</tr></thead>", "<tbody>"]
    for index, row in enumerate(rows):
        style = ' style="font-weight: bold"' if index in emphasized else ""
        lines.append(f"<tr{style}>{''.join(map(_cell, row))}</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def _side(values: Iterable[object]) -> str:
    """Where cells of a column are aligned to, and so is its heading."""
    return "right" if any(map(_is_number, values)) else "left"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: object) -> str:
    if value is None:
        return "<td></td>"
    if _is_number(value):
        text = f"{value:,}" if isinstance(value, int) else str(value)
        return f'<td style="text-align: right">{text}</td>'
    return f'<td style="text-align: left">{escape(str(value))}</td>'
