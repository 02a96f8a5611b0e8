import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

import threefold

SCRIPT = Path(__file__).parents[2] / "examples" / "own_module.py"


def run(monkeypatch, folder, capsys):
    monkeypatch.chdir(folder)
    assert len(SCRIPT.read_text().splitlines()) < 30
    runpy.run_path(str(SCRIPT))
    accuracy, bitstream = capsys.readouterr().out.splitlines()
    assert float(re.fullmatch(r"([\d.]+)% right, no code differs", accuracy)[1]) > 90
    assert (folder / "out/own_module/rtl/own_module.v").exists()
    return bitstream


def test_a_module_to_rtl(tmp_path, monkeypatch, capsys):
    result = SimpleNamespace(bitstream="own_module.bin")
    monkeypatch.setattr(threefold.Project, "build", lambda project: result)
    assert run(monkeypatch, tmp_path, capsys) == "own_module.bin"


@pytest.mark.nightly
def test_a_module_to_a_bitstream(tmp_path, monkeypatch, capsys):
    assert Path(run(monkeypatch, tmp_path, capsys)).stat().st_size > 100_000
