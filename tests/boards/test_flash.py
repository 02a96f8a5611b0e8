# amaranth: UnusedElaboratable=no

import pytest

from threefold.boards import BOARDS, Flash
from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.board_top import BoardTop
from threefold.plan import Folding, fold
from threefold.tools.build_plan import make_plan

from ..hw.interfaces.test_link import NETWORK
from ..loadable import KeyAccelerator

WITH_FLASH = {name: board for name, board in BOARDS.items() if board.flash}
BITSTREAM = {"ice40": 136_000, "ecp5": 1_950_000}  # bytes of the largest, rounded up
SMALLEST = 1 << 22  # bytes of a flash


@pytest.mark.parametrize("name", WITH_FLASH)
def test_a_program_image_is_behind_the_bitstream(name):
    board = BOARDS[name]
    largest = min(BITSTREAM[board.family.name], SMALLEST // 2)
    assert largest <= board.flash.offset <= SMALLEST


@pytest.mark.parametrize("name", ["icebreaker", "hx8k_b_evn", "orangecrab_25f", "ulx3s_12f"])
def test_pins_of_the_flash(name):
    board = BOARDS[name]
    text = constraints(KeyAccelerator(), board)
    found = {pin for pin in ("cs", "copi", "cipo", "clk") if f"flash_0__{pin}__io" in text}
    found |= {pin for pin in ("cs", "copi", "cipo", "clk") if f"flash_1x_0__{pin}__io" in text}
    clock = {"clk"} if board.family.flash_clock is None else set()
    assert found == {"cs", "copi", "cipo"} | clock


def test_an_accelerator_that_is_not_loadable_leaves_the_flash_alone():
    accelerator = Accelerator(fold(NETWORK, {"fc1": Folding(2, 3)}))
    assert "flash" not in constraints(accelerator, BOARDS["icebreaker"])


def constraints(accelerator, board):
    """The file of pins."""
    top = BoardTop(accelerator, board)
    options = {"seed": 1, "synth_options": "", "nextpnr_options": ""}
    files = make_plan(top, board, "top", **options).files
    (text,) = [content for file, content in files.items() if file.endswith((".pcf", ".lpf"))]
    return text if isinstance(text, str) else text.decode()


@pytest.mark.parametrize("offset", [0, 0x8000, 1 << 24])
def test_impossible_offsets(offset):
    message = (
        f"^a program image is at a multiple of 0x10000 below 0x1000000 in a flash, not at "
        f"{offset:#x}$"
    )
    with pytest.raises(PlanError, match=message):
        Flash(offset)
