# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from threefold.hw.unrolled.layer import UnrolledArray, UnrolledLayer
from threefold.network import Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.units.unrolled import UnrolledUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench, pass_through

from ...accelerators import CODES, random_images
from ...elaboration import elaborated
from ...matrices import random_matrix
from ...nightly import mostly_nightly


def layer(rng, *, finish):
    """A random network of one layer that ends in ``finish``, and how it is realized."""
    matrix, codes = random_matrix(rng), CODES[rng.choice(list(CODES))]
    shape = (1, 1) if rng.random() < 0.7 else tuple(map(int, rng.integers(1, 4, 2)))
    dense = shape == (1, 1)
    op = Dense(matrix) if dense else Conv(matrix[:, None, None, :])
    low, high = op.bounds(codes)
    ops = [("fc1", op)]
    if finish == "logits":
        ops.append(("out", Logits(rng.integers(-30, 30, len(matrix)))))
    else:
        count = int(rng.integers(1, 16))
        if finish == "lines":
            count = 2 ** int(rng.integers(1, 5)) - 1
            starts = rng.integers(low.min() - 3, high.max() + 4, (len(matrix), 1))
            thresholds = starts + (np.arange(count) << int(rng.integers(0, 5)))
        else:
            thresholds = rng.integers(low.min() - 1, high.max() + 2, (len(matrix), count))
        ops.append(("out", Threshold(np.sort(thresholds, axis=1))))
    network = Network.chain("one", Tensor((*shape, matrix.shape[1]), codes), ops)
    return network, UnrolledUnit((lower(network)[0],), levels=int(rng.integers(1, 4)), rounds=5)


@pytest.mark.parametrize("finish", ["logits", "codes", "lines"])
@pytest.mark.parametrize("seed", mostly_nightly(range(350), always=range(3)))
def test_computes_its_layer(seed, finish):
    rng = np.random.default_rng(seed)
    network, plan = layer(rng, finish=finish)
    images = random_images(rng, network, 12)
    words = images.reshape(-1, plan.i_lanes)
    expected = golden.run(network, images).reshape(-1, plan.o_lanes)
    beats = [tuple(beat) for beat in expected.tolist()]
    traffic = pass_through(UnrolledLayer(plan), words, len(beats))
    assert traffic.beats == beats
    assert traffic.left == [plan.latency + beat for beat in range(len(beats))]
    bench = StreamBench(UnrolledLayer(plan))
    for stalls in (0.2, 0.7):
        assert bench.run(words, len(beats), stalls=stalls, seed=seed).beats == beats


def test_plan_is_an_attribute():
    _, plan = layer(np.random.default_rng(0), finish="logits")
    assert elaborated(UnrolledLayer(plan)).plan is plan
    assert elaborated(UnrolledArray(plan)).plan is plan
