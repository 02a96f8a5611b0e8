import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_holds_what_was_recorded():
    tables = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
    assert tables["PAGE"].read_text() == tables["page"]()


def test_no_figure_is_above_form_c_or_what_was_first_measured():
    tables = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
    cells = {
        (row["family"], row["simd"], row["bits"], row["form"]): row["cells"]
        for row in tables["recorded"]("pe_area")["rows"]
    }
    for (family, simd, bits, form), ours in cells.items():
        if form == "pe":
            assert ours <= cells[family, simd, bits, "form_c"]
            assert ours <= tables["PUBLISHED"].get((family, simd, bits), ours)
