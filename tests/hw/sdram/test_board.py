# amaranth: UnusedElaboratable=no

import dataclasses
import re

import pytest
from amaranth.hdl import Fragment

from threefold.boards import get
from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.board_top import BoardTop
from threefold.hw.interfaces.controlled import ControlledAccelerator
from threefold.hw.sdram.board import (
    board_accelerator,
    board_feed,
    board_feeds,
    memory_clocks,
    planned_mhz,
)
from threefold.plan import lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.registers import REGISTERS

from ...loadable_networks import loadable_plan, network
from .chips import SMALL

BOARD, NETWORK = get("ulx3s_85f"), network(1)


def plan(clock_mhz, *, ratio=1, board=BOARD):
    feed = board_feed(board, clock_mhz, ratio=ratio).to_dict()
    unit = StreamedUnit(lower(NETWORK), 4, 4, feed=feed).made_loadable()
    return plan_of(NETWORK, (unit,))


def elaborated(board=BOARD):
    accelerator = board_accelerator(plan(75, board=board), board)
    Fragment.get(accelerator, None)  # so that nothing warns that it is never used
    return accelerator


@pytest.mark.parametrize(("clock_mhz", "ratio", "mhz"), [(75, 1, 75), (71, 2, 70 + 5 / 6)])
def test_a_streamed_accelerator_is_elaborated_for_the_board(clock_mhz, ratio, mhz):
    accelerator = board_accelerator(plan(clock_mhz, ratio=ratio), BOARD, clock_mhz=clock_mhz)
    assert accelerator.ratio == ratio
    top = BoardTop(accelerator, BOARD, clock_mhz=clock_mhz)
    assert top.clock_mhz == pytest.approx(mhz)
    made = BOARD.make_platform().build(top, do_build=False, emit_src=False, debug_verilog=False)
    text, pins = made.files["top.il"], made.files["top.lpf"]
    assert len(re.findall(r'LOCATE COMP "sdram_0__', pins)) == 39
    registers = {
        # Commands, bank, address, DQM, CS, CKE and data, each with what drives it; the clock.
        "OFS1P3DX": 2 * (3 + 2 + 13 + 2 + 1 + 1 + 16) + 1,
        "IFS1P3DX": 16,
        "ODDRX1F": 1,
    }
    assert {name: text.count(f"cell \\{name} ") for name in registers} == registers
    assert text.count("connect \\SCLK \\chip_clk") == 2
    others = registers["OFS1P3DX"] - 1 + registers["IFS1P3DX"]
    domain = "clk" if ratio == 1 else "memory_clk"
    assert text.count(f"connect \\SCLK \\{domain} [0]\n") == others


def test_other_plans_have_the_accelerator_alone():
    other = loadable_plan(NETWORK)
    accelerator = board_accelerator(other, BOARD)
    Fragment.get(accelerator, None)
    assert isinstance(accelerator, Accelerator)
    assert memory_clocks(other, BOARD) is None


def test_a_benchmark_is_elaborated_for_the_board():
    other = loadable_plan(NETWORK)
    accelerator = board_accelerator(other, BOARD, benchmark=True)
    assert memory_clocks(other, BOARD, benchmark=True).ratio == 1
    top = BoardTop(accelerator, BOARD)
    assert top.clock_mhz == accelerator.clock_mhz
    made = BOARD.make_platform().build(top, do_build=False, emit_src=False, debug_verilog=False)
    assert len(re.findall(r'LOCATE COMP "sdram_0__', made.files["top.lpf"])) == 39
    message = r"^icebreaker has no SDRAM for the images of a benchmark; plan for another board$"
    with pytest.raises(PlanError, match=message):
        board_accelerator(other, get("icebreaker"), benchmark=True)
    with pytest.raises(PlanError, match=r"^weights of 'net1' come from the SDRAM in cycles "):
        board_accelerator(plan(75), BOARD, benchmark=True)


def test_a_board_without_an_sdram_is_refused():
    message = r"^icebreaker has no SDRAM for a program; choose another board$"
    with pytest.raises(PlanError, match=message):
        board_accelerator(plan(75), get("icebreaker"))
    with pytest.raises(PlanError, match=message):
        board_feed(get("icebreaker"), 30)
    bare = dataclasses.replace(BOARD, sdram=None)
    message = r"^the accelerator is for AS4C16M16SA-7, and ulx3s_85f has no SDRAM$"
    with pytest.raises(PlanError, match=message):
        BoardTop(elaborated(), bare)


def test_another_clock_is_refused():
    message = (
        r"^the plan of 'net1' is for 75 MHz, which times of its SDRAM depend on, not 50 MHz; leave "
        r"the clock out, or plan again for it$"
    )
    with pytest.raises(PlanError, match=message):
        board_accelerator(plan(75), BOARD, clock_mhz=50)
    message = (
        r"^the accelerator and its SDRAM are for 75 MHz, and the PLL of ulx3s_85f makes 50 MHz$"
    )
    with pytest.raises(PlanError, match=message):
        BoardTop(elaborated(), BOARD, clock_mhz=50)


def test_another_sdram_is_refused():
    accelerator = elaborated(dataclasses.replace(BOARD, sdram=SMALL))
    with pytest.raises(PlanError, match=r"^the accelerator is for AS4C16M16SA-7, and ulx3s_85f "):
        BoardTop(accelerator, BOARD)


def test_no_core_has_the_pins():
    message = r"^no bus of a core has the pins of a memory; build for a board$"
    with pytest.raises(PlanError, match=message):
        ControlledAccelerator(elaborated(), REGISTERS.on("wishbone", loadable=True), {})


def test_feeds_to_plan_with():
    both = {board_feed(BOARD, 75): 75.0, board_feed(BOARD, 56.25, ratio=2): 56.25}
    assert board_feeds(BOARD) == pytest.approx(both)
    assert board_feeds(BOARD, ratio=2) == {board_feed(BOARD, 56.25, ratio=2): 56.25}
    slow = board_feeds(BOARD, clock_mhz=50)
    assert list(slow) == [board_feed(BOARD, 50), board_feed(BOARD, 50, ratio=2)]
    # Twice 100 MHz is more than the SDRAM takes.
    assert board_feeds(BOARD, clock_mhz=100) == {board_feed(BOARD, 100): 100.0}


@pytest.mark.parametrize(
    ("board", "options", "message"),
    [
        ("icebreaker", {}, "icebreaker has no SDRAM for a program; choose another board"),
        ("ulx3s_85f", {"ratio": 3}, "an SDRAM has the clock of the accelerator, or 2 times that, "
         "not 3"),
        ("ulx3s_85f", {"ratio": 2, "clock_mhz": 75}, "AS4C16M16SA-7 takes a clock of 142.9 MHz at "
         "most, not 150 MHz"),
    ],
)  # fmt: skip
def test_feeds_that_there_are_not(board, options, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        board_feeds(get(board), **options)


@pytest.mark.parametrize(
    ("clock_mhz", "ratio", "mhz"),
    [(75, 1, 75), (56.25, 2, 56.25), (71, 2, 70 + 5 / 6), (50, 2, 50), (33, 1, 32 + 1 / 7)],
)
def test_the_clock_of_a_plan_is_known_by_its_feed(clock_mhz, ratio, mhz):
    made = plan(clock_mhz, ratio=ratio)
    assert planned_mhz(made, BOARD) == pytest.approx(mhz)
    accelerator = board_accelerator(made, BOARD)
    Fragment.get(accelerator, None)  # so that nothing warns that it is never used
    assert accelerator.clock_mhz == planned_mhz(made, BOARD)


def test_clocks_of_other_plans_are_not_known():
    assert planned_mhz(loadable_plan(NETWORK), BOARD) is None
    assert planned_mhz(plan(75), get("icebreaker")) is None
    unit = StreamedUnit(lower(NETWORK), 4, 4).made_loadable()
    assert planned_mhz(plan_of(NETWORK, (unit,)), BOARD) is None
