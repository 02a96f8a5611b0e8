"""HTML table: how notebooks show a network, a plan or a report."""

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["html_table"]


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table for ``_repr_html_``, every text of it escaped.

    Parameters
    ----------
    caption : str
    columns : sequence of str
        Heading of each column.
    rows : iterable of sequence
        A cell for each column. Integers are grouped by thousands and aligned to the right, as
        are floats, which keep the digits they have; None is an empty cell.
    """
    lines = ["<table>", f"<caption>{escape(caption)}</caption>"]
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines += [f"<thead><tr>{heads}</tr></thead>", "<tbody>"]
    for row in rows:
        cells = [_cell(value) for _, value in zip(columns, row, strict=True)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def _cell(value: object) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:,}" if isinstance(value, int) else str(value)
        return f'<td style="text-align: right">{text}</td>'
    return f'<td style="text-align: left">{escape(str(value))}</td>'
