import re
import runpy
import sys
from pathlib import Path

import onnx

SCRIPT = Path(__file__).parents[2] / "examples" / "onnx_to_rtl.py"


def run(monkeypatch, folder, capsys, *arguments):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
    runpy.run_path(str(SCRIPT))
    assert "module core(" in (folder / "core.v").read_text()
    return capsys.readouterr().out


def test_a_graph_to_rtl(tmp_path, monkeypatch, capsys):
    assert len(SCRIPT.read_text().splitlines()) < 30
    out = run(monkeypatch, tmp_path, capsys)
    found = re.fullmatch(r"core\.v reads 1×1×16 codes 0…255, (\d+) cycles to the class\n", out)
    assert int(found[1]) > 0


def test_a_graph_of_ones_own_to_rtl(tmp_path, monkeypatch, capsys):
    run(monkeypatch, tmp_path, capsys)
    model = onnx.load(tmp_path / "model.onnx")
    weights = onnx.numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weights[:9], "a"))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 9
    onnx.save(model, tmp_path / "mine.onnx")
    assert "reads 1×1×9 codes" in run(monkeypatch, tmp_path, capsys, "mine.onnx")
