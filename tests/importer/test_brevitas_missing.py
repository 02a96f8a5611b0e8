import sys

import pytest

pytest.importorskip("qonnx")

from threefold import importer
from threefold.errors import ToolError


@pytest.mark.parametrize("name", ["brevitas", "onnxoptimizer", "torch"])
def test_what_is_missing_is_named(monkeypatch, name):
    if name != "onnxoptimizer":
        monkeypatch.setitem(sys.modules, "onnxoptimizer", sys)
    for each in [module for module in sys.modules if module.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, each)
    monkeypatch.setitem(sys.modules, name, None)
    message = rf"^exporting from Brevitas needs {name}: pip install 'threefold\[brevitas\]'$"
    with pytest.raises(ToolError, match=message):
        importer.from_brevitas(None, (1, 28, 28))
