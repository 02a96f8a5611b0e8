# amaranth: UnusedElaboratable=no

import re

import pytest
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from threefold.errors import BuildError, PlanError, ToolError
from threefold.hw.fifo import Fifo
from threefold.sim.verification import Prover
from threefold.tools import toolchain


def test_z3_is_needed(monkeypatch, tmp_path):
    packaged = toolchain._packaged
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("Z3", raising=False)
    monkeypatch.setattr(
        toolchain, "_packaged", lambda name, *more: None if name == "z3" else packaged(name, *more)
    )
    toolchain._find.cache_clear()
    with pytest.raises(ToolError, match=r"^z3 is missing: pip install z3-solver$"):
        Prover(tmp_path / "proof")
    toolchain._find.cache_clear()
    assert list(tmp_path.iterdir()) == []


def test_a_component_without_output_is_refused(tmp_path):
    message = "a component without an output stream has no stream contract"
    with pytest.raises(PlanError, match=f"^{message}$"):
        Prover(tmp_path).ready_leads_to_valid(wiring.Component({"clear": In(1)}))


def test_a_port_that_is_not_there(tmp_path):
    log = re.escape(str(tmp_path / "yosys.log"))
    with pytest.raises(BuildError, match=rf"^yosys failed: .+; see {log}$"):
        Prover(tmp_path).gates_lead(Fifo(2, lanes=1, depth=2), ["o__taken"], ["i__ready"])
