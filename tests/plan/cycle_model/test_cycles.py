import numpy as np
import pytest

from threefold.network import Codes, Conv, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.plan.cycle_model.cycles import interval_of, replay, trace
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ...accelerators import CODES, random_images, random_plan


@pytest.mark.parametrize("argmax", [False, True], ids=["logits", "argmax"])
@pytest.mark.parametrize("codes", CODES)
def test_predicted_cycles_are_simulated_cycles(codes, argmax):
    seed = 2 * list(CODES).index(codes) + argmax
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, CODES[codes], argmax=argmax)
    count = max(12, plan.cycles.images)
    images = random_images(rng, plan.network, count)
    expected = golden.run(plan.network, images).reshape(count, -1)
    bench = AcceleratorBench(plan)

    run = bench.run(images)
    left = trace(plan.netlist.stages, count).left.tolist()
    assert run.left == left, f"seed {seed}"
    assert plan.cycles.latency == run.left[0]
    steady = interval_of(run.left, plan.cycles.settled, plan.cycles.period)
    assert plan.cycles.interval == steady, f"seed {seed}"
    assert np.array_equal(run.outputs, expected), f"seed {seed}"

    stalled = bench.run(images[:12], stalls=0.3, seed=seed)
    assert np.array_equal(stalled.outputs, expected[:12]), f"seed {seed}"
    traffic = stalled.traffic
    passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted)
    assert passed == (traffic.entered, traffic.left), f"seed {seed}"


@pytest.mark.parametrize("stalls", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("seed", range(100, 104))
def test_stalls_lose_and_repeat_nothing(seed, stalls):
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, CODES[rng.choice(list(CODES))], layers=3)
    images = random_images(rng, plan.network, 8)
    run = AcceleratorBench(plan).run(images, stalls=stalls, seed=seed)
    expected = golden.run(plan.network, images).reshape(8, -1)
    assert np.array_equal(run.outputs, expected), f"seed {seed}"


def test_latency_is_that_of_one_image_alone():
    rng = np.random.default_rng(7)
    plan = random_plan(rng, CODES["unsigned4"], layers=3)
    run = AcceleratorBench(plan).run(random_images(rng, plan.network, 1))
    assert run.left == [plan.cycles.latency]


@pytest.mark.parametrize(
    ("left", "settled", "period", "interval"),
    [
        ([5, 9, 13, 17], 0, 1, 4),
        ([0, 7, 10, 14, 17, 21], 1, 2, 3.5),
        ([0, 7, 10, 14, 17, 21, 24], 1, 2, 3.5),
        ([0, 7, 10, 13, 17, 20], 2, 1, pytest.approx(10 / 3)),
        ([0, 50, 54, 58], 1, 1, 4),
        ([3, 5], 0, 1, 2),
        ([3, 5], 1, 1, np.nan),
        ([3, 5], 0, 2, np.nan),
        ([3], 0, 1, np.nan),
    ],
)
def test_interval_is_the_mean_of_whole_periods_once_it_is_steady(left, settled, period, interval):
    result = interval_of(left, settled, period)
    assert result == interval or np.isnan([result, interval]).all()
    assert isinstance(result, int) == isinstance(interval, int)


def two_copies(memory):
    """Two convolutions that copy codes, the second with its buffer in a given memory."""
    copy = Conv(np.ones((1, 1, 1, 1), int)), Threshold(np.array([[1, 2, 3]]))
    ops = [(f"{op.kind}{n}", op) for n in (1, 2) for op in copy]
    network = Network.chain("copies", Tensor((2, 3, 1), Codes.unsigned(2)), ops)
    foldings = {"conv1": Folding(1, 1), "conv2": Folding(1, 1, 2)}
    return fold(network, foldings, memories={"conv2": memory})


@pytest.mark.parametrize(("memory", "sooner"), [("spram", 1), ("auto", 0)])
def test_a_late_word_may_bring_what_follows_forward_at_a_single_port_only(memory, sooner):
    stages, always = two_copies(memory).netlist.stages, [True] * 60
    offered = [cycle != 5 for cycle in range(60)]
    entered, left = replay(stages, always, always)
    late, soon = replay(stages, offered, always)
    assert (entered[:12], late[:12]) == ([*range(12)], [*range(5), *range(6, 13)])
    gained = np.subtract(left[:12], soon[:12])
    assert gained.max() == sooner
    if sooner:
        assert (left[:7], soon[:7]) == ([22, 23, 24, 28, 29, 30, 34], [22, 23, 24, 28, 29, 30, 33])


@pytest.mark.parametrize("images", [1, 3])
def test_a_replay_without_stalls_is_what_is_predicted(images):
    plan = two_copies("spram")
    stages, beats = plan.netlist.stages, plan.ports.output.beats
    _, left = replay(stages, [True] * 100, [True] * 100)
    assert left[beats - 1 : images * beats : beats] == trace(stages, images).left.tolist()
