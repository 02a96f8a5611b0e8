"""Which passes the images of a batch share."""

import dataclasses
import re

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.plan import lower
from threefold.plan.file import load_plan, save_plan
from threefold.plan.search.batches import batched
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit

from ...loadable_networks import network

NETWORK = network(3, depth=3, filters=6)
SLOW = Feed(16, first=60, extra=60)
UNIT = StreamedUnit(lower(NETWORK), 2, 2, feed=SLOW.to_dict()).made_loadable()


def test_a_batch_of_one_is_the_unit_itself():
    assert batched(UNIT, 1) is UNIT


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_an_image_of_a_batch_takes_fewer_cycles(batch):
    chosen = batched(UNIT, batch)
    assert chosen.batch == batch
    assert chosen.interval < UNIT.interval


def test_the_plan_says_the_interval_of_an_image():
    plan = plan_of(NETWORK, (batched(UNIT, 3),))
    assert plan.batch == 3
    assert plan.cycles.interval == plan.streamed.batch_interval / 3


def test_it_is_in_plan_files(tmp_path):
    plan = plan_of(NETWORK, (batched(UNIT, 2),))
    save_plan(plan, tmp_path / "plan.json")
    again = load_plan(NETWORK, tmp_path / "plan.json")
    assert again == plan
    assert again.cycles == plan.cycles


def test_weights_that_are_shared_come_once():
    chosen = batched(UNIT, 3)
    program, tiled = chosen.program, chosen.contents.tiled
    rows = [len(program.weights(place)) for place in range(len(tiled))]
    shared = {each.stream for each in chosen.passes[chosen.shared : chosen.apart]}
    for each, count in zip(tiled, rows, strict=True):
        again = each.work.stream in shared and each.work.image > 0
        assert count == (0 if again else len(each.weights))
    assert np.sum(program.freed) == program.starts[-1]


def test_room_for_maps_decides():
    least = batched(UNIT, 2, places=batched(UNIT, 2).contents.maps.depth)
    assert least.batch == 2
    with pytest.raises(PlanError, match=r"^maps of 2 images of 'conv1' take \d+ places or more, n"):
        batched(UNIT, 2, places=10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 1}, "a batch has 2 images or more, not 1"),
        ({"shared": 0}, "passes that the images of a batch share are among those from 1 to 2, not"),
        ({"apart": 4}, "passes that the images of a batch share are among those from 1 to 2, not"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}"):
        dataclasses.replace(batched(UNIT, 2), **changes)


def test_networks_whose_input_is_read_late_are_refused():
    short = network(3, depth=1)
    unit = StreamedUnit(lower(short), 2, 2, feed=SLOW.to_dict()).made_loadable()
    with pytest.raises(PlanError, match=r"^'conv1' has no passes that images of a batch could sha"):
        batched(unit, 2)
