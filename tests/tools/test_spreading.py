"""Placement once more, with cells farther apart, where routing does not converge."""

import json

import pytest

from threefold.boards import get
from threefold.errors import BuildError
from threefold.tools import build
from threefold.tools.build import build_bitstream

from .difference import Difference

ARCS = "Info: Routing 4000 arcs."
STUCK = "Info:       4000 |      940        3059 |  240   760 |      3100|   1.13     5.26|"


@pytest.fixture
def nextpnr(monkeypatch):
    """A nextpnr that routes only what a placer has placed, and whose calls are listed."""
    calls = []

    def install(*routable):
        def run(tool, args, *, cwd, log, follow=None):
            log.write_text("Info: \t TRELLIS_COMB: 4726/ 24288 19%\n")
            if tool.name == "yosys":
                cells = {"design": {"num_cells_by_type": {"LUT4": 5}}}
                (cwd / "top.stat.json").write_text(json.dumps(cells))
            elif tool.name == "nextpnr-ecp5":
                placer = args[args.index("--placer") + 1] if "--placer" in args else "heap"
                calls.append((int(args[args.index("--seed") + 1]), placer))
                if not {placer, calls[-1]} & set(routable):
                    log.write_text(f"{log.read_text()}{ARCS}\n{STUCK}\n")
                    follow(ARCS)
                    follow(STUCK)
                found = {"fmax": {"clk": {"achieved": 100.0}}, "critical_paths": []}
                names = (
                    "TRELLIS_COMB",
                    "TRELLIS_FF",
                    "TRELLIS_RAMW",
                    "DP16KD",
                    "MULT18X18D",
                    "ALU54B",
                )
                found["utilization"] = {name: {"used": 0} for name in names}
                (cwd / "top.report.json").write_text(json.dumps(found))
                placed = {"modules": {"top": {"cells": {}, "netnames": {}}}}
                (cwd / "top.placed.json").write_text(json.dumps(placed))
                (cwd / "top.config").write_text(f"of {calls[-1]}")
            else:
                (cwd / "top.bit").write_bytes((cwd / "top.config").read_bytes())
            return 1.0

        monkeypatch.setattr(build, "run", run)
        return calls

    return install


def built(tmp_path, *, clock=50, **options):
    return build_bitstream(Difference(), get("ulx3s_25f"), tmp_path, clock_mhz=clock, **options)


def test_what_does_not_route_is_spread(tmp_path, nextpnr):
    calls, steps = nextpnr("static"), []
    result = built(tmp_path, progress=lambda step, done: steps.append(step))
    assert calls == [(1, "heap"), (1, "static")]
    routed = ["place and route", "place and route, farther apart"]
    assert [step for step in dict.fromkeys(steps) if "route" in step] == routed
    assert result.bitstream.read_text() == "of (1, 'static')"
    assert result.seconds["nextpnr-ecp5"] == 1.0  # what was stopped gave no time
    for file in result.bitstream.parent.glob("build_*"):
        assert file.read_text().count("static") == 1


def test_what_routes_is_not_spread(tmp_path, nextpnr):
    calls = nextpnr("heap")
    assert built(tmp_path).fmax_mhz == 100.0
    assert calls == [(1, "heap")]


def test_further_seeds_are_spread_at_once(tmp_path, nextpnr):
    calls = nextpnr("static")
    with pytest.raises(BuildError, match=r"^reaches 100\.0 of 200\.0 MHz .* the best of 2; "):
        built(tmp_path, clock=200, seeds=2)
    assert calls == [(1, "heap"), (1, "static"), (2, "static")]


def test_the_best_seed_stays_as_it_was_placed(tmp_path, nextpnr):
    calls = nextpnr((1, "heap"), "static")
    result = built(tmp_path, seeds=2, clock=200, timing_allow_fail=True)
    assert calls == [(1, "heap"), (2, "heap"), (2, "static")]
    assert (result.seed, result.bitstream.read_text()) == (1, "of (1, 'heap')")
    scripts = list(result.bitstream.parent.glob("build_*"))
    assert len(scripts) == 3
    for file in scripts:
        assert "static" not in file.read_text()


@pytest.mark.parametrize("options", ["--placer static", "--placer=static"])
def test_a_placer_that_was_asked_for_stays(tmp_path, nextpnr, options):
    calls = nextpnr("none")
    with pytest.raises(BuildError, match=r"^nextpnr finds no route for all of 4,726 logic cells "):
        built(tmp_path, nextpnr_options=options)
    assert len(calls) == 1


def test_what_is_spread_and_does_not_route_is_too_full(tmp_path, nextpnr):
    calls = nextpnr("none")
    with pytest.raises(BuildError, match=r"^nextpnr finds no route for all of 4,726 logic cells "):
        built(tmp_path)
    assert calls == [(1, "heap"), (1, "static")]
