from itertools import product

import numpy as np
import pytest

from threefold.hw.engine import Engine
from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, lower
from threefold.plan.requantize import FORMS
from threefold.plan.units.engine import EngineUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench, pass_through

from ..accelerators import CODES, divisors, random_images
from ..elaboration import elaborated
from ..nightly import mostly_nightly

ROWS, COLUMNS = 6, 8


def layer(rng, codes, kind, *, kept=0.7):
    """A layer that ends in ``kind``, and what it computes of a batch of codes."""
    weights = rng.choice([-1, 1], (ROWS, COLUMNS)) * (rng.random((ROWS, COLUMNS)) < kept)
    dense = Dense(weights)
    lo, hi = dense.bounds(codes)
    ops = [("fc1", dense)]
    if kind == "logits":
        bias = rng.integers(-30, 30, ROWS)
        ops += [("out", Logits(bias))]
    else:
        thresholds = np.sort(rng.integers(lo.min() - 1, hi.max() + 2, (ROWS, 5)), axis=1)
        ops += [("out", Threshold(thresholds)), ("fc2", Dense([[1] * ROWS])), ("end", Logits([0]))]
    network = Network.chain("one", Tensor((1, 1, COLUMNS), codes), ops)

    def compute(images):
        sums = (images * codes.step + codes.offset) @ weights.T
        if kind == "logits":
            return sums + bias
        return (sums[:, :, None] >= thresholds).sum(axis=2)

    return lower(network)[0], compute


def random_plan(rng, codes, kind, **parameters):
    lowered, compute = layer(rng, codes, kind, **parameters)
    pe = int(rng.choice(divisors(ROWS)))
    simd = int(rng.choice(divisors(COLUMNS)))
    lanes = int(rng.choice(divisors(pe)))
    return EngineUnit((lowered,), pe, simd, lanes=lanes), compute


@pytest.mark.parametrize("kind", ["codes", "logits"])
@pytest.mark.parametrize("codes", CODES)
def test_computes_its_layer(codes, kind):
    seed = list(CODES).index(codes)
    rng = np.random.default_rng(seed)
    plan, compute = random_plan(rng, CODES[codes], kind)
    images = rng.integers(0, CODES[codes].max_code + 1, (10, COLUMNS))
    images[0], images[1] = 0, CODES[codes].max_code
    beats = [tuple(beat) for beat in compute(images).reshape(-1, plan.lanes).tolist()]
    words = images.reshape(-1, plan.folding.simd)
    bench = StreamBench(Engine(plan))
    assert bench.run(words, len(beats)).beats == beats, f"seed {seed}"
    for stalls in (0.2, 0.7):
        assert bench.run(words, len(beats), stalls=stalls, seed=seed).beats == beats, f"seed {seed}"


@pytest.mark.parametrize(
    ("pe", "simd", "lanes", "depth", "interval"),
    [
        (1, 1, 1, 0, 48),
        (2, 4, 2, 0, 6),
        (6, 4, 6, 0, 2),
        (6, 8, 6, 0, 1),
        (6, 8, 1, 0, 6),
        (6, 1, 6, 0, 8),
        (3, 8, 3, 0, 2),
        (3, 8, 3, 8, 2),
    ],
)
def test_interval_is_what_the_slowest_part_takes(pe, simd, lanes, depth, interval):
    rng = np.random.default_rng(0)
    codes = Codes.unsigned(3)
    lowered, compute = layer(rng, codes, "logits", kept=1.0)
    plan = EngineUnit((lowered,), pe, simd, lanes=lanes, depth=depth)
    assert plan.interval == interval
    images = rng.integers(0, 8, (12, COLUMNS))
    traffic = pass_through(Engine(plan), images.reshape(-1, simd), 12 * ROWS // lanes)
    assert traffic.beats == [tuple(b) for b in compute(images).reshape(-1, lanes).tolist()]
    left = traffic.left[ROWS // lanes - 1 :: ROWS // lanes]
    assert np.diff(left[4:]).tolist() == [interval] * 7


SLIDING = {
    "same": {"padding": (1, 1, 1, 1)},
    "strided": {"stride": (2, 1), "padding": (0, 1, 1, 0)},
    "depthwise": {"groups": 4},
    "grouped": {"groups": 2, "padding": (2, 0, 0, 1)},
    "framed": {"stride": (2, 1), "padding": (4, 2, 3, 3)},
    "beyond": {"stride": (5, 7), "padding": (0, 0, 0, 1)},
}


@pytest.mark.parametrize(
    ("name", "codes"),
    mostly_nightly(
        product(SLIDING, ["unsigned2", "signed8", "ternary", "unsigned8"]),
        always=[*product(SLIDING, ["ternary"])],
    ),
)
def test_slides(name, codes):
    parameters, codes = SLIDING[name], CODES[codes]
    rng = np.random.default_rng(list(SLIDING).index(name))
    groups = parameters.get("groups", 1)
    size = (8, 3, 2, 4 // groups)
    conv = Conv(rng.integers(-1, 2, size) * (rng.random(size) < 0.6), **parameters)
    ops = [("conv1", conv), ("act1", Threshold(np.sort(rng.integers(-50, 50, (8, 3)), axis=1)))]
    network = Network.chain("one", Tensor((4, 5, 4), codes), ops)
    (sliding,) = lower(network)
    images = random_images(rng, network, 3)
    for folding in (Folding(2, 1), Folding(2, 4 // groups), Folding(8, 4 // groups)):
        plan = EngineUnit(
            (sliding,), folding.pe, folding.simd, lanes=int(rng.choice(divisors(folding.pe)))
        )
        expected = golden.run(network, images).reshape(-1, plan.lanes).tolist()
        words, bench = images.reshape(-1, plan.i_lanes), StreamBench(Engine(plan))
        for stalls in (0.0, 0.4):
            beats = bench.run(words, len(expected), stalls=stalls, seed=1).beats
            assert beats == [tuple(beat) for beat in expected], f"{folding}, stalls {stalls}"


OF_PIXELS = {
    "same": {"padding": (1, 1, 1, 1)},
    "strided": {"stride": (2, 2), "padding": (0, 1, 1, 1)},
    "depthwise": {"groups": 4},
    "lopsided": {"groups": 2, "padding": (2, 3, 0, 1)},
    "beyond": {"stride": (5, 4), "padding": (0, 0, 0, 1)},
}


@pytest.mark.parametrize("form", mostly_nightly(FORMS, always=["pipelined"]))
@pytest.mark.parametrize("which", mostly_nightly(["some", "all"], always=["some"]))
@pytest.mark.parametrize("name", mostly_nightly(OF_PIXELS, always=["strided"]))
def test_pixels_at_once(name, which, form):
    parameters = OF_PIXELS[name]
    rng = np.random.default_rng(list(OF_PIXELS).index(name))
    groups = parameters.get("groups", 1)
    size = (8, 2, 3, 4 // groups)
    conv = Conv(rng.integers(-1, 2, size) * (rng.random(size) < 0.6), **parameters)
    ops = [("conv1", conv), ("act1", Threshold(np.sort(rng.integers(-50, 50, (8, 3)), axis=1)))]
    network = Network.chain("one", Tensor((3, 7, 4), Codes.signed(4)), ops)
    (sliding,) = lower(network)
    images = random_images(rng, network, 3)
    expected = golden.run(network, images)
    most = sliding.window.out[1]
    for pixels in {2, min(3, most), most} if which == "some" else range(2, most + 1):
        for pe, simd in ((1, 1), (2, 4 // groups), (8, 4 // groups)):
            lanes = int(rng.choice(divisors(pe)))
            plan = EngineUnit((sliding,), pe, simd, lanes=lanes, pixels=pixels, form=form)
            beats = [tuple(beat) for beat in expected.reshape(-1, lanes).tolist()]
            words, bench = images.reshape(-1, plan.i_lanes), StreamBench(Engine(plan))
            for stalls in (0.0, 0.4):
                left = bench.run(words, len(beats), stalls=stalls, seed=1).beats
                assert left == beats, f"{plan.folding}, {lanes} lanes, stalls {stalls}"


OF_COLUMNS = {
    "same": {"padding": (1, 1, 1, 1)},
    "strided": {"stride": (2, 3), "padding": (1, 0, 0, 2)},
    "lopsided": {"stride": (1, 2), "padding": (0, 2, 4, 1)},
    "beyond": {"stride": (5, 7), "padding": (0, 0, 0, 1)},
}


@pytest.mark.parametrize("pixels", mostly_nightly([1, 2, 3], always=[1, 2]))
@pytest.mark.parametrize("name", OF_COLUMNS)
def test_columns_of_the_kernel_at_once(name, pixels):
    rng = np.random.default_rng(list(OF_COLUMNS).index(name))
    size = (4, 3, 3, 2)
    conv = Conv(rng.integers(-1, 2, size) * (rng.random(size) < 0.5), **OF_COLUMNS[name])
    ops = [("conv1", conv), ("act1", Threshold(np.sort(rng.integers(-50, 50, (4, 3)), axis=1)))]
    network = Network.chain("one", Tensor((4, 7, 2), Codes.signed(4)), ops)
    (sliding,) = lower(network)
    images = random_images(rng, network, 3)
    expected = golden.run(network, images)
    pixels = min(pixels, sliding.window.out[1])
    for pe, simd in ((1, 3), (2, 6), (4, 18)):
        lanes = int(rng.choice(divisors(pe)))
        plan = EngineUnit((sliding,), pe, simd, lanes=lanes, pixels=pixels)
        assert plan.i_lanes == 2
        beats = [tuple(beat) for beat in expected.reshape(-1, lanes).tolist()]
        words, bench = images.reshape(-1, 2), StreamBench(Engine(plan))
        for stalls in (0.0, 0.4):
            left = bench.run(words, len(beats), stalls=stalls, seed=1).beats
            assert left == beats, f"{plan.folding}, {lanes} lanes, stalls {stalls}"


def test_plan_is_an_attribute():
    plan, _ = random_plan(np.random.default_rng(0), Codes.ternary(), "codes")
    assert elaborated(Engine(plan)).plan is plan
