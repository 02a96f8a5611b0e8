# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from threefold.hw.serial.adder import SerialAdder
from threefold.hw.serial.layer import SerialFinish, SerialLayer
from threefold.hw.serial.sums import SerialSums
from threefold.network import Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.units.serial import SerialUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench, pass_through

from ...accelerators import CODES, make_layer, random_images
from ...elaboration import elaborated
from ...equivalence import prove
from ...matrices import random_matrix
from ...nightly import mostly_nightly


def layer(rng, *, finish):
    """A random network of one layer that ends in ``finish``, and how it is realized."""
    matrix, codes = random_matrix(rng), CODES[rng.choice(list(CODES))]
    shape = (1, 1) if rng.random() < 0.7 else tuple(map(int, rng.integers(1, 3, 2)))
    op = Dense(matrix) if shape == (1, 1) else Conv(matrix[:, None, None, :])
    low, high = op.bounds(codes)
    if finish == "logits":
        last = Logits(rng.choice([0, 1, 30]) * rng.integers(-1, 2, len(matrix)))
    else:
        thresholds = rng.integers(low.min() - 1, high.max() + 2, (len(matrix), 3))
        last = Threshold(np.sort(thresholds, axis=1))
    ops = [("fc1", op), ("out", last)]
    network = Network.chain("one", Tensor((*shape, matrix.shape[1]), codes), ops)
    options = {"digit": int(rng.integers(1, 7)), "levels": int(rng.integers(1, 4)), "rounds": 5}
    return network, SerialUnit((lower(network)[0],), **options)


@pytest.mark.parametrize("finish", ["logits", "codes"])
@pytest.mark.parametrize("seed", mostly_nightly(range(500), always=range(10)))
def test_computes_its_layer(seed, finish):
    rng = np.random.default_rng(seed)
    network, plan = layer(rng, finish=finish)
    images = random_images(rng, network, 6)
    words = images.reshape(-1, plan.i_lanes)
    expected = golden.run(network, images).reshape(-1, plan.o_lanes)
    beats = [tuple(beat) for beat in expected.tolist()]
    traffic = pass_through(SerialLayer(plan), words, len(beats))
    assert traffic.beats == beats
    first = plan.digits - 1 + plan.latency
    assert traffic.left == [first + plan.digits * beat for beat in range(len(beats))]
    bench = StreamBench(SerialLayer(plan))
    for stalls in (0.2, 0.7):
        assert bench.run(words, len(beats), stalls=stalls, seed=seed).beats == beats


@pytest.mark.parametrize("carry", [0, 1])
@pytest.mark.parametrize("digit", mostly_nightly([2, 3, 4], always=[2]))
def test_adder_is_the_same_on_ecp5(tmp_path, digit, carry):
    gold, gate = (
        SerialAdder(digit=digit, subtracts=bool(carry), carry=1 - carry) for _ in range(2)
    )
    script = "sat -verify -tempinduct -seq 1 -prove trigger 0 miter\n"
    text = prove(tmp_path, gold, gate, script)
    assert "CCU2C" in text


def test_parameters_are_attributes():
    unit = SerialUnit((make_layer(np.eye(2), offsets=np.zeros(2, int)),))
    for component in (SerialLayer(unit), SerialSums(unit), SerialFinish(unit)):
        assert elaborated(component).plan is unit
    adder = elaborated(SerialAdder(digit=2, subtracts=True, carry=1))
    assert (adder.digit, adder.subtracts, adder.carry) == (2, True, 1)
