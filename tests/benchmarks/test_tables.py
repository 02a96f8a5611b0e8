import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_holds_what_was_recorded():
    tables = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
    assert tables["PAGE"].read_text() == tables["page"]()


def test_no_figure_is_above_form_c_or_what_was_first_measured():
    record = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))["recorded"]("pe_area")
    cells = {
        (row["family"], row["simd"], row["bits"], row["form"]): row["cells"]
        for row in record["rows"]
    }
    for (*point, form), ours in cells.items():
        if form == "pe":
            assert ours <= cells[*point, "form_c"]
    for *point, first in record["published"]:
        assert cells[*point, "pe"] <= first
