import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

import threefold

SCRIPT = Path(__file__).parents[2] / "examples" / "own_csv.py"


def run(monkeypatch, folder, capsys):
    monkeypatch.chdir(folder)
    assert len(SCRIPT.read_text().splitlines()) < 30
    runpy.run_path(str(SCRIPT))
    accuracy, bitstream = capsys.readouterr().out.splitlines()
    assert int(re.fullmatch(r"(\d+) of 60 right", accuracy)[1]) > 54
    assert '"peach"' in (folder / "out/own_csv/firmware/own_csv.h").read_text()
    return bitstream


def test_a_table_to_rtl(tmp_path, monkeypatch, capsys):
    result = SimpleNamespace(bitstream="own_csv.bin")
    monkeypatch.setattr(threefold.Project, "build", lambda project: result)
    assert run(monkeypatch, tmp_path, capsys) == "own_csv.bin"


@pytest.mark.nightly
def test_a_table_to_a_bitstream(tmp_path, monkeypatch, capsys):
    assert Path(run(monkeypatch, tmp_path, capsys)).stat().st_size > 100_000
