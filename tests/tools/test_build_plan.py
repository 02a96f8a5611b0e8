import pytest

from threefold.boards import get
from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.board_top import BoardTop
from threefold.planning import plan_for_board
from threefold.references import tiny_conv
from threefold.tools.build_plan import _placement, make_plan, require_closed

from ..nightly import mostly_nightly


def test_options_of_the_placer():
    ice40, ecp5 = get("icebreaker"), get("ulx3s_85f")
    assert _placement(ice40, "--placer static") == "--placer static"
    assert _placement(ecp5, "") == "--placer-heap-timingweight 30 --placer-heap-critexp 4"
    for given in ("--placer-heap-critexp 2", "--placer-heap-critexp=2"):
        assert _placement(ecp5, given) == f"{given} --placer-heap-timingweight 30"


def test_an_open_quotation():
    require_closed("-D 'a b' -top x", "Yosys")
    message = """^options of Yosys have a quotation that does not end: -D "a b$"""
    with pytest.raises(PlanError, match=message):
        require_closed('-D "a b', "Yosys")


@pytest.mark.parametrize(
    "name", mostly_nightly(["ulx3s_12f", "gatemate_evb", "icebreaker"], always=["icebreaker"])
)
def test_commands_of_the_flow_are_in_the_script(name):
    board = get(name)
    top = BoardTop(Accelerator(plan_for_board(tiny_conv(), name)), board)
    plan = make_plan(top, board, "design", seed=1, synth_options="-noflatten", nextpnr_options="")
    flow, script = board.family.flow, plan.files["design.ys"]
    lines = [line.split() for line in script.splitlines()]
    places = [lines.index(line.split()) for line in flow.script("design", "-noflatten").split("\n")]
    assert places == list(range(places[0], places[0] + len(places)))
    assert places[-1] < lines.index(["tee", "-q", "-o", "design.stat.json", "stat", "-json"])
    assert flow.files.items() <= plan.files.items()
