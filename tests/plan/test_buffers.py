import re

import numpy as np
import pytest
from threefold.sim import golden

from threefold.errors import PlanError
from threefold.network import Add, Codes, Conv, Network, Node, Tensor, Threshold
from threefold.plan import Folding, Plan, fold
from threefold.plan.buffers import branch_buffers
from threefold.plan.cycles import predict, trace

from ..accelerators import AcceleratorBench, random_images


def residual():
    """Two convolutions beside a shortcut, which has to wait for both."""
    rng = np.random.default_rng(0)
    nodes, last = [], "input"
    for number in (1, 2):
        conv = Conv(rng.integers(-1, 2, (2, 3, 3, 2)), padding=(1, 1, 1, 1))
        levels = np.sort(rng.integers(-6, 7, (2, 3)), axis=1)
        nodes += [
            Node(f"conv{number}", conv, [last]),
            Node(f"act{number}", Threshold(levels), [f"conv{number}"]),
        ]
        last = f"act{number}"
    nodes.append(Node("sum", Add(), [last, "input"]))
    return Network("residual", Tensor((5, 5, 2), Codes.unsigned(2)), nodes)


PLAN = fold(residual(), {"conv1": Folding(2, 2), "conv2": Folding(2, 2)})


def shrunk(beats):
    depth = PLAN.buffers["sum.1"] - beats
    return Plan(PLAN.network, PLAN.steps, PLAN.argmax, {**PLAN.buffers, "sum.1": depth})


def test_the_shortcut_waits_in_a_buffer_and_nothing_else_does():
    assert PLAN.buffers["sum.0"] == 0
    assert 10 < PLAN.buffers["sum.1"] < 50
    assert branch_buffers(PLAN.steps, PLAN.argmax) == PLAN.buffers


def test_buffers_cost_no_speed():
    deep = predict(PLAN.steps, PLAN.argmax, {"sum.0": 200, "sum.1": 200})
    assert PLAN.cycles.latency <= deep.latency
    assert PLAN.cycles.interval == deep.interval == 225


def test_a_beat_less_stalls_model_and_hardware_alike():
    small, count = shrunk(1), 4
    seen = trace(small.steps, small.argmax, small.buffers, count)
    left = trace(PLAN.steps, PLAN.argmax, PLAN.buffers, count).left
    images = random_images(np.random.default_rng(0), PLAN.network, count)
    whole = AcceleratorBench(PLAN).run(images)
    assert whole.left == left.tolist()
    assert np.array_equal(whole.outputs, golden.run(PLAN.network, images).reshape(count, -1))
    if seen.stuck:
        assert len(seen.left) < count
        with pytest.raises(AssertionError, match=r"^\d+ beats, not "):
            AcceleratorBench(small).run(images)
    else:
        assert seen.left[-1] > left[-1]
        assert AcceleratorBench(small).run(images).left == seen.left.tolist()


def test_branches_that_wait_for_ever_are_refused():
    small = shrunk(PLAN.buffers["sum.1"])
    assert trace(small.steps, small.argmax, small.buffers).stuck
    message = (
        "branches of this accelerator wait for each other for ever: make the buffers "
        "sum.0, sum.1 deeper"
    )
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        _ = small.cycles


def test_without_joins_there_are_no_buffers():
    network = Network.chain(
        "chain",
        Tensor((3, 3, 1), Codes.unsigned(2)),
        [("conv", Conv(np.ones((1, 2, 2, 1), int))), ("act", Threshold([[1]]))],
    )
    assert fold(network, {"conv": Folding(1, 1)}).buffers == {}
