import json
import re

import pytest

from threefold.boards import get
from threefold.errors import BuildError
from threefold.tools.nextpnr import (
    follow_nextpnr,
    follow_yosys,
    read_critical_path,
    read_report,
    refused,
)
from threefold.tools.synthesis import Cells

LOG = """\
Info: Packing constants..
Info:     at initial placer iter 0, wirelen = 4156
Info: Running main analytical placer, max placement attempts per cell = 10000.
Info:     at iteration #1, type ALL: wirelen solved = 3810, spread = 5, legal = 6; time = 10.29s
Info:     at iteration #9, type ALL: wirelen solved = 3810, spread = 5, legal = 6; time = 10.29s
Info:     at iteration #60, type ALL: wirelen solved = 3810, spread = 5, legal = 6; time = 10.29s
Info: Running simulated annealing placer for refinement.
Info:   at iteration #1: temp = 0.000000, timing cost = 2949, wirelen = 285905
Info:   at iteration #15: temp = 0.000000, timing cost = 2700, wirelen = 255905
Info: Routing 4000 arcs.
Info:            |   (re-)routed arcs  |   delta    | remaining|       time spent     |
Info:    IterCnt |  w/ripup   wo/ripup |  w/r  wo/r |      arcs| batch(sec) total(sec)|
Info:       1000 |       27        972 |   27   972 |      3000|       0.13       0.13|
Info:       2000 |       40       1959 |   13   987 |      3500|       0.13       0.26|
Info:       5000 |       40       4959 |   13  2987 |         0|       0.13       0.39|
"""


def test_nextpnr_gets_on():
    told = []
    follow = follow_nextpnr(told.append)
    for line in LOG.splitlines():
        follow(line)
    assert told == pytest.approx([0.2 / 15, 0.12, 0.2, 0.22, 0.5, 0.8, 0.85, 1.0])


def test_yosys_gets_on():
    told = []
    follow = follow_yosys(told.append)
    for line in ("1. Executing RTLIL frontend.", "2.1. Executing HIERARCHY pass.", "2.9.3. Exe"):
        follow(line)
    follow("2.25. Executing OPT pass (performing simple optimizations).")
    follow("2.99. Executing CHECK pass (checking for obvious problems).")
    assert told == [0.02, 0.5, 1]


REFUSED = """\
Info: Device utilisation:
Info: \t         ICESTORM_LC:    4726/   5280    89%
Info: \t        ICESTORM_RAM:       6/     30    20%
{}
"""
ROUTING = """\
Info: Routing 4000 arcs.
Info:       3000 |      700        2299 |  260   720 |      3300|       1.13       4.13|
Info:       {} |      940        3059 |  240   760 |      {}|       1.13       5.26|"""


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (
            "ERROR: Unable to find legal placement for all cells, design is probably full.",
            "place",
        ),
        ("ERROR: Failed to expand region (0, 0) |_> (25, 31) of 5551 ICESTORM_LCs", "place"),
        (
            "ERROR: Unable to place cell 'a', no BELs remaining to implement cell type "
            "'ICESTORM_LC'",
            "place",
        ),
        (
            "Warning: Failed to find a route for arc 3 of net a.\nERROR: Routing design failed.",
            "route",
        ),
        ("ERROR: Failed to route arc 3 of net 'a', from X1/Y1/Q0 to X2/Y2/A1.", "route"),
        (ROUTING.format(4000, 2001), "route"),
        (ROUTING.format(4000, 2000), None),
        (ROUTING.format(3999, 2001), None),
        ("ERROR: Unable to find clock 'clk'", None),
    ],
)
def test_full_device(tmp_path, said, found):
    log = tmp_path / "nextpnr.log"
    log.write_text(REFUSED.format(said))
    device = get("icebreaker").device
    assert refused(log, device) == (found and (found, 4726, 5280))


def test_routing_that_does_not_end_is_stopped():
    told = []
    follow = follow_nextpnr(told.append)
    *lines, last = ROUTING.format(4000, 2001).splitlines()
    for line in lines:
        follow(line)
    with pytest.raises(BuildError, match=r"^nextpnr has 2,001 of 4,000 arcs left after 4,000$"):
        follow(last)
    assert told == pytest.approx([0.8, 1 - 0.2 * 3300 / 4000])


def report(*cells):
    return {"fmax": {"a": {"achieved": 41.5}}, "utilization": {name: {"used": 3} for name in cells}}


ICE40 = ("ICESTORM_LC", "ICESTORM_RAM", "ICESTORM_DSP", "ICESTORM_SPRAM")
ECP5 = ("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D", "ALU54B")


@pytest.mark.parametrize(
    ("board", "cells", "used"),
    [
        ("icebreaker", ICE40, {"lut": 3, "ff": 7, "bram": 3, "dsp": 3, "spram": 3}),
        ("ulx3s_25f", ECP5, {"lut": 3, "ff": 3, "bram": 3, "dsp": 6}),
    ],
)
def test_report(tmp_path, board, cells, used):
    board = get(board)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report(*cells)))
    fmax, utilization = read_report(path, board.device, Cells(board.family, {"SB_DFF": 7}))
    assert fmax == 41.5
    assert {name: count["used"] for name, count in utilization.items()} == used
    assert tuple(utilization) == board.device.counted
    assert utilization["lut"]["available"] == board.device.lut


def crossing(start, end, delay):
    return {"from": start, "to": end, "path": [{"delay": delay - 1}, {"delay": 1}]}


@pytest.mark.parametrize(
    ("achieved", "delay", "expected"),
    [
        ((80, 150, 700), 6, 75),
        ((60, 150, 700), 6, 60),
        ((80, 120, 700), 6, 60),
        ((80, 150, 700), 8, 62.5),
    ],
)
def test_several_clocks(tmp_path, achieved, delay, expected):
    clocks = zip(("clk", "memory_clk", "chip_clk"), achieved, (70, 140, 140), strict=True)
    content = report(*ECP5) | {
        "fmax": {name: {"achieved": got, "constraint": mhz} for name, got, mhz in clocks},
        "critical_paths": [
            crossing("posedge clk", "posedge clk", 30),
            crossing("<async>", "posedge clk", 30),
            crossing("posedge clk", "posedge memory_clk", 12),
            crossing("posedge memory_clk", "posedge clk", delay),
        ],
    }
    path, board = tmp_path / "report.json", get("ulx3s_25f")
    path.write_text(json.dumps(content))
    fmax, _ = read_report(path, board.device, Cells(board.family, {}))
    assert fmax == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fmax": {}}', json.dumps(report("DP16KD"))])
def test_report_that_is_none(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    message = f"^cannot read the report of nextpnr in {re.escape(str(path))}; see its log$"
    with pytest.raises(BuildError, match=message):
        read_report(path, get("icebreaker").device, Cells(get("icebreaker").family, {}))


def timing(*paths):
    """A report with paths: clocks at both ends, then type, delay and both cells of each step."""
    return {
        "critical_paths": [
            {
                "from": start,
                "to": end,
                "path": [
                    {"type": type, "delay": delay, "from": {"cell": a}, "to": {"cell": b}}
                    for type, delay, a, b in steps
                ],
            }
            for start, end, *steps in paths
        ]
    }


PATHS = (
    ("<async>", "posedge clk", ("routing", 50.0, "pin", "a")),
    ("posedge clk", "posedge clk", ("clk-to-q", 1.0, "a", "a"), ("setup", 0.5, "b", "b")),
    (
        "posedge clk",
        "posedge clk",
        ("clk-to-q", 1.39, "a", "a"),
        ("routing", 3.5, "a", "b"),
        ("logic", 1.2, "b", "b"),
        ("routing", 2.25, "b", "c"),
        ("setup", 0.1, "c", "c"),
    ),
    ("posedge clk", "<async>", ("routing", 60.0, "a", "led")),
)


def test_critical_path_of_several_clocks(tmp_path):
    path, fast = tmp_path / "report.json", "posedge memory_clk"
    paths = (fast, "posedge clk", ("clk-to-q", 6.0, "x", "x"), ("setup", 0.5, "y", "y"))
    clocks = {"clk": {"constraint": 70}, "memory_clk": {"constraint": 140}}
    path.write_text(json.dumps({"fmax": clocks} | timing(*PATHS, paths)))
    assert read_critical_path(path)["cells"] == ["x", "y"]


def test_critical_path(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(timing(*PATHS)))
    assert read_critical_path(path) == {
        "logic_ns": 2.69,
        "routing_ns": 5.75,
        "cells": ["a", "b", "c"],
    }


def test_no_path_between_registers(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(timing(PATHS[0])))
    assert read_critical_path(path) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"critical_paths": [{"from": 1, "to": 2}]}'])
def test_paths_that_are_none(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    message = f"^cannot read the report of nextpnr in {re.escape(str(path))}; see its log$"
    with pytest.raises(BuildError, match=message):
        read_critical_path(path)
