import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_holds_what_was_recorded():
    tables = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
    assert tables["PAGE"].read_text() == tables["page"]()
