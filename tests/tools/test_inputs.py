import dataclasses

import pytest

from threefold.boards import get
from threefold.errors import ToolError
from threefold.tools import inputs
from threefold.tools.inputs import inputs_digest

BOARD = get("icebreaker")


def test_digest_covers_plan_board_and_options():
    digests = {
        inputs_digest(*given)
        for given in (
            ("ab", BOARD, {"seed": 1}),
            ("ac", BOARD, {"seed": 1}),
            ("ab", get("ulx3s_85f"), {"seed": 1}),
            ("ab", BOARD, {"seed": 2}),
        )
    }
    assert len(digests) == 4
    assert inputs_digest("ab", BOARD, {"seed": 1}) in digests


def test_digest_covers_tools(monkeypatch):
    before = inputs_digest("ab", BOARD, {})
    real = inputs.find
    monkeypatch.setattr(inputs, "find", lambda name: dataclasses.replace(real(name), version="9"))
    assert inputs_digest("ab", BOARD, {}) != before


def test_digest_covers_sources(monkeypatch, tmp_path):
    names = {path.relative_to(inputs._PACKAGE).as_posix() for path in inputs._files()}
    assert {"plan/plan.py", "hw/engine.py", "boards/icebreaker.py", "sim/bench.v.j2"} <= names
    monkeypatch.setattr(inputs, "_PACKAGE", tmp_path)
    digests = []
    for text in ("1", "2"):
        (tmp_path / "pe.py").write_text(text)
        inputs._sources.cache_clear()
        digests.append(inputs_digest("ab", BOARD, {}))
    inputs._sources.cache_clear()
    assert digests[0] != digests[1]


def test_missing_tool(monkeypatch):
    monkeypatch.setenv("ICEPACK", "/nowhere")
    message = r"^ICEPACK names '/nowhere', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        inputs_digest("ab", BOARD, {})
