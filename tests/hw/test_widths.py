"""Several widths of a network in one accelerator, image by image."""

import re
from dataclasses import replace

import numpy as np
import pytest

from threefold import fpga
from threefold.errors import PlanError
from threefold.hw.requantizer import Requantizer
from threefold.network import Logits, PadChannels, Threshold, Width
from threefold.plan import Folding, fold, lower
from threefold.plan.cycle_model.cycles import replay
from threefold.plan.layers import ConvLayer
from threefold.plan.schedule import divisors, simd_widths
from threefold.sim.verification import StreamBench
from threefold.sim.verification.accelerator import AcceleratorBench

from ..network.test_width import HALF, INPUT_TYPE, network
from ..nightly import mostly_nightly

QUARTER = Width(
    {"conv": 2, "dw": 2, "body": 3},
    {
        "act": Threshold([[-3, 0, 2], [-1, 1, 4]]),
        "small": Threshold([[0, 1, 2], [-2, -1, 3]]),
        "codes": Threshold([[-1, 1, 2], [0, 0, 1], [-2, 1, 1]]),
        "pad": PadChannels(1, 0),
        "logits": Logits([-9, 2, 4]),
    },
)
FAMILIES = {
    "generic": None,
    "ice40": "ice40",
    # Memories that give their data late, without cells that Amaranth does not simulate.
    "late": replace(fpga.get("ecp5"), lut_tree=None, masked_carry=None),
}
BOTH = network({"half": HALF, "quarter": QUARTER})


def random_plan(seed, widths=("half", "quarter"), **options):
    """A plan of random foldings and memories."""
    rng, foldings, memories = np.random.default_rng(seed), {}, {}
    for layer in lower(BOTH):
        if type(layer) is not ConvLayer:
            continue
        folding = None
        while folding is None or not folding.divides(layer):
            pe, simd = rng.choice(divisors(layer.rows)), rng.choice(simd_widths(layer))
            folding = Folding(int(pe), int(simd), int(rng.integers(1, 3)))
        foldings[layer.name] = folding
        memories[layer.name] = str(rng.choice(["auto", "lut", "block"]))
    return fold(BOTH, foldings, memories=memories, widths=widths, **options)


@pytest.mark.parametrize("seed", mostly_nightly(range(40), always=(0, 1)))
def test_every_image_is_computed_at_its_width_in_the_cycles_predicted(seed):
    rng, plan = np.random.default_rng(seed), random_plan(seed)
    images = rng.integers(0, 8, (9, *INPUT_TYPE.shape))
    bench = AcceleratorBench(plan, family=list(FAMILIES.values())[seed % 3])
    for stalls in (0, 0.4):
        widths = rng.integers(0, 3, len(images)).tolist()
        traffic = bench.check(images, stalls=stalls, widths=widths, seed=seed).traffic
        predicted = replay(plan.netlist.stages, traffic.offered, traffic.accepted, widths)
        assert predicted == (traffic.entered, traffic.left)


def test_images_of_one_width_are_as_fast_as_predicted():
    plan = random_plan(1)
    images = np.random.default_rng(1).integers(0, 8, (8, *INPUT_TYPE.shape))
    bench, intervals, outputs = AcceleratorBench(plan), [], []
    for width in range(3):
        run = bench.check(images, widths=[width] * len(images))
        left, cycles = run.left, plan.cycles_at(width)
        assert (left[0], left[-1] - left[-2]) == (cycles.latency, cycles.interval)
        intervals.append(cycles.interval)
        outputs.append(run.outputs.tolist())
    assert plan.cycles == plan.cycles_at(0)
    assert max(intervals) == intervals[0]
    assert outputs[0] != outputs[1], "a wrong width would not be seen"


@pytest.mark.parametrize("form", ["parallel", "pipelined", "sequential"])
def test_a_search_keeps_to_the_width_that_came_with_its_value(form):
    """The width of the next value is there at once, while a search may still be under way."""
    rng = np.random.default_rng(0)
    thresholds = np.sort(rng.integers(0, 16, (3, 4, 7)), axis=2)
    requantizer = Requantizer(
        thresholds[0], accumulator_bits=5, lanes=1, form=form, narrower=list(thresholds[1:])
    )
    values, widths = rng.integers(0, 16, 60), rng.integers(0, 3, 60)
    expected = [
        (int((value >= thresholds[width, index % 4]).sum()),)
        for index, (value, width) in enumerate(zip(values, widths, strict=True))
    ]
    bench = StreamBench(requantizer)
    for stalls in (0, 0.4):
        beside = {"width": widths.tolist()}
        assert bench.run(values[:, None], 60, stalls=stalls, beside=beside).beats == expected


def test_contents_from_outside_are_of_one_width():
    message = (
        "beside an array that is loadable one width of the network is computed, not 3; leave out "
        "--width, or --loadable"
    )
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        fold(BOTH, {}, widths=("half", "quarter"), loadable=True)
    foldings = {"body": Folding(1, 1), "fc": Folding(1, 1)}
    array = {"conv..again": Folding(2, 2)}
    plan = fold(BOTH, foldings, sequential=array, widths=("half", "quarter"))
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        plan.units[0].made_loadable()


def test_a_plan_without_widths_has_no_port_for_them():
    plan = random_plan(1, widths=())
    assert plan.netlist.widths == 1
    assert "widths" not in plan.decisions()
    AcceleratorBench(plan).check(np.zeros((2, *INPUT_TYPE.shape), int))
