import dataclasses
import json

import pytest

import threefold.project
from threefold.errors import BuildError, MismatchError, PlanError, ToolError
from threefold.plan.file import digest
from threefold.project import Project

from .sample import FOLDINGS, IMAGES, NETWORK, PRODUCTS, content, make_all


def test_record_of_a_build(project, built):
    project.build(seed=3)
    record = json.loads((project.folder / "gateware" / "build.json").read_text())
    assert record["bitstream"] == "gateware/sample.bin"
    assert record["device"] == "iCE40UP5K"
    assert record["plan_digest"] == digest(project.plan)
    assert record["seed"] == 3


def test_equal_builds_give_equal_bytes(tmp_path, simulated, built):
    simulated()
    for name in ("one", "two"):
        project = Project.create(NETWORK, tmp_path / name, foldings=FOLDINGS)
        project.simulate(IMAGES)
        project.build()
        project.report()
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert one.pop("gateware/timings.json") != two.pop("gateware/timings.json")
    assert one == two


@pytest.fixture
def tools_run(monkeypatch):
    """Names of what has called tools."""
    called = []

    def told(what, real):
        def run(*args, **options):
            called.append(what)
            return real(*args, **options)

        return run

    for name in ("build_bitstream", "to_verilog"):
        real = getattr(threefold.project, name)
        monkeypatch.setattr(f"threefold.project.{name}", told(name, real))
    return called


def test_build_of_the_same_runs_no_tool(project, simulated, built, tools_run):
    simulated()
    first = project.build(seeds=2)
    project.simulate(IMAGES)
    project.report()
    tools_run.clear()
    before, steps = content(project.folder), []
    again = Project.open(project.folder).build(seeds=2, progress=lambda *step: steps.append(step))
    assert tools_run == []
    assert steps == [("up to date", 1.0)]
    assert again.up_to_date
    assert not first.up_to_date
    assert again == dataclasses.replace(first, seconds={})
    assert list(again.utilization) == list(first.utilization)
    assert content(project.folder) == before


CHANGES = {
    "bitstream": lambda made: (made.gateware / "sample.bin").write_bytes(b"other"),
    "no bitstream": lambda made: (made.gateware / "sample.bin").unlink(),
    "no Verilog": lambda made: made.rtl.unlink(),
    "header": lambda made: made.header.write_text("other"),
    "record": lambda made: made.build_record.write_text("{"),
    "no digests": lambda made: edit(made.build_record, sha256={}),
    "figure": lambda made: edit(made.build_record, fmax_mhz="40"),
    "cells": lambda made: edit(made.build_record, utilization={"lut": 1}),
    "placed": lambda made: edit(made.build_record, cells=None),
    "seed": lambda made: edit(made.build_record, fmax_by_seed={"one": 40.0}),
    "version": lambda made: edit(made.build_record, inputs="0" * 64),
}


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("change", CHANGES)
def test_build_of_what_has_changed(project, built, tools_run, change):
    project.build()
    before = content(project.folder)
    tools_run.clear()
    CHANGES[change](project.products)
    assert not project.build().up_to_date
    assert tools_run == ["to_verilog", "build_bitstream"]
    after = content(project.folder)
    assert after.pop("gateware/timings.json") != before.pop("gateware/timings.json")
    assert after == before


@pytest.mark.parametrize(
    "options", [{"seed": 2}, {"seeds": 2}, {"clock_mhz": 12.0}, {"timing_allow_fail": True}]
)
def test_build_with_other_options(project, built, options):
    project.build()
    assert not project.build(**options).up_to_date
    assert project.build(**options).up_to_date


def test_refused_clock_writes_nothing(project, built):
    before = content(project.folder)
    with pytest.raises(PlanError, match=r"^.*\b1000\b.*MHz.*$"):
        project.build(clock_mhz=1000)
    assert content(project.folder) == before


@pytest.mark.parametrize("variable", ["YOSYS", "NEXTPNR_ICE40", "ICEPACK"])
def test_missing_tool_writes_nothing(project, monkeypatch, variable):
    monkeypatch.setenv(variable, "/nowhere")
    before = content(project.folder)
    message = f"^{variable} names '/nowhere', which is not an executable; correct or unset it$"
    with pytest.raises(ToolError, match=message):
        project.build()
    assert content(project.folder) == before


def test_failed_build_leaves_no_bitstream(project, monkeypatch):
    gateware = project.folder / "gateware"
    gateware.mkdir()
    for name in ("sample.bin", "build.json"):
        (gateware / name).write_text("of an earlier build")
    device = dataclasses.replace(project.board.device, lut=50)
    small = dataclasses.replace(project.board, device=device)
    monkeypatch.setattr(Project, "board", small)
    with pytest.raises(BuildError, match=r"^needs [\d,]+ of 50 LUTs on icebreaker; .+$"):
        project.build()
    assert [path.name for path in gateware.iterdir()] == ["yosys.log"]


REPORT = {"report.json", "report.html", "manifest.json"}


def test_failed_build_leaves_no_report(project, simulated, built, monkeypatch):
    simulated()
    make_all(project)

    def build(*args, **options):
        raise BuildError("no")

    monkeypatch.setattr("threefold.project.build_bitstream", build)
    with pytest.raises(BuildError, match=r"^no$"):
        project.build(seed=2)
    kept = (PRODUCTS | {"network.tern", "plan.json"}) - REPORT
    assert content(project.folder).keys() == kept


@pytest.mark.parametrize("stalls", [0, 0.5])
def test_mismatch_leaves_no_report(project, simulated, built, stalls):
    simulated()
    make_all(project)
    simulated(error=MismatchError("no"))
    with pytest.raises(MismatchError, match=r"^no$"):
        project.simulate(IMAGES, stalls=stalls)
    kept = (PRODUCTS | {"network.tern", "plan.json"}) - REPORT - {"sim/simulation.json"}
    assert content(project.folder).keys() == kept


def test_failed_simulation_leaves_no_report(project, simulated, built):
    simulated()
    make_all(project)
    simulated(error=BuildError("no"))
    with pytest.raises(BuildError, match=r"^no$"):
        project.simulate(IMAGES)
    assert not content(project.folder).keys() & REPORT
