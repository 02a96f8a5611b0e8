import re
from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import MismatchError, PlanError
from threefold.network import INPUT, Add, Codes, Conv, Network, Node, Tensor, Threshold
from threefold.plan import Folding, Plan, fold
from threefold.plan.cycle_model.cycles import predict, trace
from threefold.plan.netlist import netlist
from threefold.plan.search import fifos
from threefold.plan.search.fifos import _least, fifo_depths
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ..accelerators import random_images


def residual():
    """Two convolutions beside a shortcut, which has to wait for both."""
    rng = np.random.default_rng(0)
    nodes, last = [], "input"
    for number in (1, 2):
        conv = Conv(rng.integers(-1, 2, (2, 3, 3, 2)), padding=(1, 1, 1, 1))
        thresholds = np.sort(rng.integers(-6, 7, (2, 3)), axis=1)
        nodes += [
            Node(f"conv{number}", conv, [last]),
            Node(f"act{number}", Threshold(thresholds), [f"conv{number}"]),
        ]
        last = f"act{number}"
    nodes.append(Node("sum", Add(), [last, "input"]))
    return Network("residual", Tensor((5, 5, 2), Codes.unsigned(2)), nodes)


PLAN = fold(residual(), {"conv1": Folding(2, 2), "conv2": Folding(2, 2)})


def shrunk(beats):
    depth = PLAN.buffers["sum.1"] - beats
    return Plan(PLAN.network, PLAN.units, {**PLAN.buffers, "sum.1": depth})


def test_the_shortcut_waits_in_a_buffer_and_nothing_else_does():
    assert PLAN.buffers["sum.0"] == 0
    assert 10 < PLAN.buffers["sum.1"] < 50
    assert fifo_depths(PLAN.units) == PLAN.buffers


def test_buffers_cost_no_speed():
    deep = predict(netlist(PLAN.units, {"sum.0": 200, "sum.1": 200}).stages)
    assert PLAN.cycles.latency <= deep.latency
    assert PLAN.cycles.interval == deep.interval == 225


def before_a_slow_layer():
    """Six shortcuts in a row, and behind them a layer that takes a few cycles more than others."""
    rng = np.random.default_rng(0)
    kernels = dict.fromkeys(range(6), ((3, 3), (1, 1, 1, 1))) | {6: ((2, 5), (0, 1, 2, 2))}
    nodes, last = [], INPUT
    for number, (kernel, padding) in kernels.items():
        conv = Conv(rng.choice([-1, 1], (2, *kernel, 2)), padding=padding)
        thresholds = np.sort(rng.integers(-6, 7, (2, 3)), axis=1)
        nodes.append(Node(f"conv{number}", conv, [last]))
        nodes.append(Node(f"act{number}", Threshold(thresholds), [f"conv{number}"]))
        if number < 6:
            nodes.append(Node(f"sum{number}", Add(), [f"act{number}", last]))
            nodes.append(Node(f"codes{number}", Threshold([[1, 2, 4]] * 2), [f"sum{number}"]))
        last = f"codes{number}"
    network = Network("filling", Tensor((5, 5, 2), Codes.unsigned(2)), nodes)
    return fold(network, {f"conv{number}": Folding(2, 2) for number in kernels})


def counted_traces(monkeypatch):
    seen = []

    def counted(*args, **options):
        seen.append(trace(*args, **options))
        return seen[-1]

    monkeypatch.setattr(fifos, "trace", counted)
    return seen


def test_few_images_tell_the_depths_before_a_slow_layer(monkeypatch):
    plan = before_a_slow_layer()
    assert plan.cycles.settled == 7  # what is before it fills up
    seen = counted_traces(monkeypatch)
    assert fifo_depths(plan.units) == plan.buffers
    assert len(seen) < 60
    assert sum(len(each.left) for each in seen) < 2 * len(seen)
    deep = {name: 200 * (depth > 0) for name, depth in plan.buffers.items()}
    most = predict(netlist(plan.units, deep).stages)
    assert plan.cycles.latency == most.latency
    assert plan.cycles.interval == most.interval == 240


def test_the_search_ends_where_there_is_no_room(monkeypatch):
    plan, seen = before_a_slow_layer(), counted_traces(monkeypatch)
    whole, calls = fifo_depths(plan.units), []
    traces = len(seen)
    some = fifo_depths(
        plan.units, lambda *call: calls.append(call), lambda depths: "sum1.1" not in depths
    )
    assert some == {name: whole[name] for name in ("sum0.0", "sum0.1", "sum1.0", "sum1.1")}
    assert calls[-1] == ("FIFOs", 1)
    assert len(seen) - traces < traces / 2


def test_a_beat_less_stalls_model_and_hardware_alike():
    small, count = shrunk(1), 4
    seen = trace(small.netlist.stages, count)
    left = trace(PLAN.netlist.stages, count).left
    images = random_images(np.random.default_rng(0), PLAN.network, count)
    whole = AcceleratorBench(PLAN).run(images)
    assert whole.left == left.tolist()
    assert np.array_equal(whole.outputs, golden.run(PLAN.network, images).reshape(count, -1))
    if seen.stuck:
        assert len(seen.left) < count
        with pytest.raises(MismatchError, match=r"^\d+ beats leave '\w+', not \d+; seed 0$"):
            AcceleratorBench(small).run(images)
    else:
        assert seen.left[-1] > left[-1]
        assert AcceleratorBench(small).run(images).left == seen.left.tolist()


def test_branches_that_wait_for_ever_are_refused():
    small = shrunk(PLAN.buffers["sum.1"])
    assert trace(small.netlist.stages).stuck
    message = "branches of this accelerator deadlock: make the FIFOs sum.0, sum.1 deeper"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        _ = small.cycles


def test_without_joins_there_are_no_buffers():
    network = Network.chain(
        "chain",
        Tensor((3, 3, 1), Codes.unsigned(2)),
        [("conv", Conv(np.ones((1, 2, 2, 1), int))), ("act", Threshold([[1]]))],
    )
    assert fold(network, {"conv": Folding(1, 1)}).buffers == {}


def test_nothing_stops_however_late_words_come():
    """A short branch of deep pipelines holds many beats at full speed, and few when words drip."""
    rng = np.random.default_rng(0)
    codes = Codes.unsigned(4)

    def conv(channels, kernel, padding):
        weights = rng.integers(-1, 2, (2, kernel, kernel, channels))
        return Conv(weights, padding=(padding,) * 4)

    def threshold():
        return Threshold(np.sort(rng.integers(-20, 20, (2, 15)), axis=1))

    network = Network(
        "late",
        Tensor((4, 18, 2), codes),
        [
            Node("a1", conv(2, 1, 0), (INPUT,)),
            Node("a1_codes", threshold(), ("a1",)),
            Node("a2", conv(2, 1, 0), ("a1_codes",)),
            Node("a2_codes", threshold(), ("a2",)),
            Node("b", conv(2, 3, 1), (INPUT,)),
            Node("b_codes", threshold(), ("b",)),
            Node("sum", Add(), ("a2_codes", "b_codes")),
        ],
    )
    plan = fold(network, {name: Folding(2, 2) for name in ("a1", "a2", "b")})
    unbuffered = replace(plan, buffers=dict.fromkeys(plan.buffers, 0))
    assert not trace(unbuffered.netlist.stages).stuck
    assert trace(unbuffered.netlist.stages, tight=True).stuck
    with pytest.raises(PlanError, match=r"^branches of this accelerator deadlock: "):
        _ = unbuffered.cycles
    images = random_images(rng, network, 2)
    run = AcceleratorBench(plan).run(images, stalls=0.9, seed=1)
    assert run.outputs.ravel().tolist() == golden.run(network, images).ravel().tolist()


def test_maps_smaller_than_what_is_in_flight():
    """Eight layers beside a shortcut hold more than two images of 2 × 2 pixels."""
    rng = np.random.default_rng(0)
    nodes, name = [], INPUT
    for layer in range(8):
        weights = rng.integers(-1, 2, (2, 3, 3, 2))
        nodes.append(Node(f"conv{layer}", Conv(weights, padding=(1, 1, 1, 1)), (name,)))
        thresholds = np.sort(rng.integers(-9, 9, (2, 3)), axis=1)
        nodes.append(Node(f"codes{layer}", Threshold(thresholds), (f"conv{layer}",)))
        name = f"codes{layer}"
    nodes.append(Node("sum", Add(), (name, INPUT)))
    network = Network("deep", Tensor((2, 2, 2), Codes.unsigned(2)), nodes)
    plan = fold(network, {f"conv{layer}": Folding(2, 2) for layer in range(8)})
    assert plan.cycles.interval == plan.bottleneck.interval == 36


@pytest.mark.parametrize("most", [1, 2, 3, 9, 40])
def test_the_least_depth_is_found(most):
    for least in range(most + 1):
        assert _least(lambda depth, least=least: depth >= least, most) == least
