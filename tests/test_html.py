import pytest

from threefold.html import html_table


def test_cells_are_escaped_and_numbers_aligned():
    assert html_table("a & b", ["<i>", "n"], [["<b>", 1234], [None, 0.5], [True, "2"]]) == (
        '<table>\n<caption style="white-space: nowrap">a &amp; b</caption>\n'
        '<thead><tr><th style="text-align: left">&lt;i&gt;</th>'
        '<th style="text-align: right">n</th></tr></thead>\n<tbody>\n'
        '<tr><td style="text-align: left">&lt;b&gt;</td>'
        '<td style="text-align: right">1,234</td></tr>\n'
        '<tr><td></td><td style="text-align: right">0.5</td></tr>\n'
        '<tr><td style="text-align: left">True</td><td style="text-align: left">2</td></tr>\n'
        "</tbody>\n</table>"
    )


def test_a_row_has_a_cell_for_each_column():
    with pytest.raises(ValueError, match="shorter"):
        html_table("", ["a", "b"], [["1"]])
