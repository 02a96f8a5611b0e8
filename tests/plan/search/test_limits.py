"""Limits of a device and of what may be asked for."""

import re
from dataclasses import replace

import numpy as np
import pytest

from threefold import boards
from threefold.errors import PlanError
from threefold.fpga import Device
from threefold.fpga.ecp5 import ECP5, ECP5PLL
from threefold.fpga.ice40 import ICE40
from threefold.network import Codes, Conv, MaxPool, Network, SumPool, Tensor, Threshold
from threefold.plan import Folding, aligned, fit, fold, refold, require_room

CODES = Codes.unsigned(2)
SMALL = Device("small", ICE40, lut=5280, bram=30, spram=4)
LARGE = Device("large", ECP5, lut=80_000, bram=200)


def convolutions(count, size=16):
    rng = np.random.default_rng(0)
    ops = []
    for index in range(count):
        ops.append((f"conv{index}", Conv(rng.integers(-1, 2, (4, 3, 3, 4)), padding=(1,) * 4)))
        thresholds = np.sort(rng.integers(-9, 10, (4, 3)), axis=1)
        ops.append((f"act{index}", Threshold(thresholds)))
    return Network.chain("convs", Tensor((size, size, 4), CODES), ops)


def pool_alone():
    ops = [("pool", MaxPool((2, 2), (2, 2)))]
    return Network.chain("pools", Tensor((16, 16, 16), CODES), ops)


def refuses(message):
    return pytest.raises(PlanError, match=f"^{re.escape(message)}$")


def test_single_port_rams_are_counted():
    network = convolutions(6)
    memories = {f"conv{index}": "spram" for index in range(6)}
    with refuses(
        "'convs' does not fit small with these choices: it needs about 1,924 logic cells and "
        "6 single-port RAMs, and a plan takes at most 4 of 4 single-port RAMs; choose others, a "
        "bigger board or a smaller network"
    ):
        fit(network, SMALL, memories=memories)
    del memories["conv4"], memories["conv5"]
    assert fit(network, SMALL, memories=memories).resources(ICE40).spram == 4


def test_a_changed_plan_needs_room_as_well():
    plan = fit(convolutions(6), SMALL)
    changed = refold(plan, memories={f"conv{index}": "spram" for index in range(6)})
    message = (
        "these memories need 6 of 4 single-port RAMs on small; "
        "choose another for some activation buffers"
    )
    with refuses(message):
        require_room(changed.resources(ICE40), SMALL)


def test_a_device_has_the_memories_that_are_asked_for():
    message = "memory of 'conv0' cannot be spram: large has none; choose lut, block or auto"
    with refuses(message):
        fit(convolutions(1), LARGE, memories={"conv0": "spram"})


def test_a_given_memory_counts_for_the_lanes():
    rng = np.random.default_rng(0)
    ops = [
        ("pool", MaxPool((2, 2), (1, 1))),
        ("conv", Conv(rng.integers(-1, 2, (2, 2, 2, 8)), (2, 2))),
        ("act", Threshold(np.sort(rng.integers(-9, 10, (2, 3)), axis=1))),
    ]
    network = Network.chain("pooled", Tensor((17, 17, 8), CODES), ops)
    plan = fit(network, SMALL, memories={"pool": "spram"})
    pool = plan.units[0]
    faster = [replace(pool, lanes=lanes, depth=0) for lanes in (1, 2, 4, 8)]
    assert pool.memory == "spram"
    assert plan.cycles.interval <= 1.05 * min(each.interval for each in faster)


def test_units_without_arrays_keep_the_interval_that_is_asked_for():
    plan = fit(pool_alone(), LARGE, interval=256)
    assert plan.cycles.interval <= 256
    assert fit(pool_alone(), LARGE, interval=1024).units[0].o_lanes < plan.units[0].o_lanes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fill": 0}, "the share of logic cells to use must be above 0 and at most 1, not 0"),
        ({"fill": 1.5}, "the share of logic cells to use must be above 0 and at most 1, not 1.5"),
        ({"interval": "9"}, "an interval is a whole number of cycles, not '9'"),
        ({"interval": 0}, "an interval must be at least 1 cycle, not 0"),
        (
            {"foldings": {"conv0": (4, 4)}},
            "the folding of 'conv0' must be a Folding such as Folding(8, 8) or the name of a kind "
            "of unit, not (4, 4)",
        ),
    ],
)
def test_nonsense_is_refused(options, message):
    with refuses(message):
        fit(convolutions(1), LARGE, **options)


def test_a_name_is_no_device():
    message = "fit takes a device, such as boards.get('icebreaker').device, not 'icebreaker'"
    with refuses(message):
        fit(convolutions(1), "icebreaker")


def test_the_board_is_that_of_the_plan():
    board = boards.get("icebreaker")
    assert fit(convolutions(1), board.device, board=board.name).board == "icebreaker"
    assert fit(convolutions(1), board.device).board == ""


def test_buffers_are_those_of_the_joins_and_stay_as_they_are():
    plan = fold(convolutions(1), {"conv0": Folding(1, 1)})
    with refuses("no FIFO before a join is named 'conv0.1'; there are none"):
        replace(plan, buffers={"conv0.1": 3})
    with pytest.raises(TypeError):
        plan.buffers["conv0.0"] = 1


def test_aligning_keeps_what_was_chosen():
    plan = fold(convolutions(2), {"conv0": Folding(2, 2), "conv1": Folding(2, 2)})
    made = aligned(replace(plan, board="icebreaker"))
    assert (made.board, made.foldings()) == ("icebreaker", plan.foldings())


def test_an_oscillator_that_no_setting_takes():
    message = "the PLL of ECP5 takes no oscillator of 2 MHz; build for 2 MHz, without the PLL"
    with refuses(message):
        ECP5PLL.for_frequency(2, 50)


def test_sums_of_windows_are_pools_as_well():
    ops = [("pool", SumPool((2, 2), (2, 2)))]
    network = Network.chain("sums", Tensor((8, 8, 4), CODES), ops)
    assert fit(network, LARGE, interval=64).cycles.interval <= 64
