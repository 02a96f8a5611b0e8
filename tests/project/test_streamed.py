# amaranth: UnusedElaboratable=no

import dataclasses

import numpy as np
import pytest

from threefold import boards
from threefold.errors import PlanError
from threefold.hw.sdram.board import board_feed
from threefold.plan import image_of, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.project import Project
from threefold.sim import golden

from ..accelerators import random_images
from ..loadable_networks import network

NETWORK = network(1)


def project(folder, board="ulx3s_85f", **feed):
    unit = StreamedUnit(lower(NETWORK), 2, 2, **feed).made_loadable()
    return Project(folder, dataclasses.replace(plan_of(NETWORK, (unit,)), board=board))


def for_board(folder, clock_mhz=75, *, ratio=1):
    feed = board_feed(boards.get("ulx3s_85f"), clock_mhz, ratio=ratio).to_dict()
    return project(folder, feed=feed)


@pytest.mark.parametrize("what", ["generate", "simulate", "build"])
def test_a_board_without_the_memory_is_refused(what, tmp_path):
    images = (np.zeros((1, *NETWORK.input.shape), int),) if what == "simulate" else ()
    message = r"^icebreaker has no SDRAM for a program; choose another board$"
    with pytest.raises(PlanError, match=message):
        getattr(project(tmp_path, "icebreaker"), what)(*images)
    assert not list(tmp_path.rglob("*.v"))


def test_another_memory_or_clock_is_refused(tmp_path):
    message = r"^the plan of 'net1' is for Feed\(.*\), and AS4C16M16SA-7 at 75 MHz is Feed\(.*\); "
    with pytest.raises(PlanError, match=message):
        project(tmp_path).build()
    message = (
        r"^the plan of 'net1' is for 75 MHz, which times of its SDRAM depend on, not 50 MHz; leave "
        r"the clock out, or plan again for it$"
    )
    with pytest.raises(PlanError, match=message):
        for_board(tmp_path).build(clock_mhz=50)
    assert not list(tmp_path.rglob("*.v"))


def test_no_bus_has_the_memory(tmp_path):
    with pytest.raises(PlanError, match=r"^weights of 'conv1' and behind it come from a memory "):
        for_board(tmp_path).generate("wishbone")


def test_verilog_and_program(tmp_path):
    made = for_board(tmp_path)
    rtl = made.generate().read_text()
    assert all(f"frames__{name}" in rtl for name in ("ask", "taken", "valid", "word", "image"))
    assert "//   frames       of 8 words each," in rtl
    assert made.products.program.read_bytes() == image_of(made.plan)
    assert made.stale == []


def test_simulated_with_the_memory_it_was_planned_for(tmp_path):
    images = random_images(np.random.default_rng(0), NETWORK, 3)
    result = for_board(tmp_path, 71, ratio=2).simulate(images)
    assert result.outputs.tolist() == golden.run(NETWORK, images).reshape(3, -1).tolist()


@pytest.mark.nightly
@pytest.mark.parametrize(("clock_mhz", "ratio"), [(75, 1), (45, 2)])
def test_a_bitstream(tmp_path, clock_mhz, ratio):
    made = for_board(tmp_path, clock_mhz, ratio=ratio)
    result = made.build()
    assert result.clock_mhz == pytest.approx(clock_mhz)
    assert result.fmax_mhz >= result.clock_mhz
    assert result.bitstream.is_file()
    assert made.build(clock_mhz=clock_mhz).up_to_date
    assert made.report()["program_image_bytes"] == len(image_of(made.plan))
