# amaranth: UnusedElaboratable=no

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.fpga import ECP5, ICE40
from threefold.hw.stationary.accumulator import Accumulator
from threefold.hw.stationary.layer import StationaryArray, StationaryLayer
from threefold.network import Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.units.stationary import StationaryUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench

from ...accelerators import CODES, make_layer, random_images
from ...elaboration import elaborated
from ...equivalence import prove
from ...matrices import random_matrix
from ...nightly import mostly_nightly

MATRIX = np.array([[1, -1, 0], [0, 0, -1], [0, 0, 0], [1, 0, 1]])


def layer(rng, *, finish):
    """A random network of one layer that ends in ``finish``, and how it is realized."""
    matrix = random_matrix(rng)
    names = [name for name in CODES if finish == "codes" or CODES[name].step == 1]
    codes, shape = CODES[rng.choice(names)], tuple(map(int, rng.integers(1, 3, 2)))
    op = Dense(matrix) if shape == (1, 1) else Conv(matrix[:, None, None, :])
    low, high = op.bounds(codes)
    if finish == "logits":
        last = Logits(rng.integers(-30, 30, len(matrix)))
    else:
        thresholds = rng.integers(low.min() - 1, high.max() + 2, (len(matrix), 3))
        last = Threshold(np.sort(thresholds, axis=1))
    ops = [("fc1", op), ("out", last)]
    network = Network.chain("one", Tensor((*shape, matrix.shape[1]), codes), ops)
    units = list(StationaryUnit((lower(network)[0],), len(matrix)).variants({}))
    return network, units[rng.integers(len(units))]


@pytest.mark.parametrize("finish", ["logits", "codes"])
@pytest.mark.parametrize("seed", mostly_nightly(range(500), always=range(8)))
def test_computes_its_layer(seed, finish):
    rng = np.random.default_rng(seed)
    network, plan = layer(rng, finish=finish)
    images = random_images(rng, network, 4)
    expected = golden.run(network, images).reshape(-1, plan.o_lanes)
    beats = [tuple(beat) for beat in expected.tolist()]
    bench = StreamBench(StationaryLayer(plan))
    for stalls in (0, 0.2, 0.7):
        found = bench.run(images.reshape(-1, 1), len(beats), stalls=stalls, seed=seed).beats
        assert found == beats


class Valid(wiring.Component):
    """Array whose values are there only while they are valid."""

    def __init__(self, plan):
        self.array = StationaryArray(plan)
        width = len(self.array.o.payload.as_value())
        super().__init__(
            {
                "payload": In(plan.inputs[0].bits),
                "valid": In(1),
                "ready": In(1),
                "taken": Out(1),
                "left": Out(1),
                "values": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.array = array = self.array
        m.d.comb += [
            array.i.payload.as_value().eq(self.payload),
            array.i.valid.eq(self.valid),
            array.o.ready.eq(self.ready),
            self.taken.eq(array.i.ready),
            self.left.eq(array.o.valid),
            self.values.eq(array.o.payload.as_value() & array.o.valid.replicate(len(self.values))),
        ]
        return m


@pytest.mark.parametrize(
    ("matrix", "borders"), [(MATRIX, [None] * 4), ([[1, 1, 1, -1, 1, 1, 1]], [10])]
)
def test_same_on_ecp5(matrix, borders, tmp_path):
    """For all inputs of the first 14 cycles, in which a vector or two leave."""
    offsets = np.array([-3, 2, -3, -4])[: len(matrix)]
    layer = make_layer(np.array(matrix), offsets=offsets)
    gold, gate = (Valid(StationaryUnit((layer,), len(matrix))) for _ in range(2))
    assert list(gold.array.plan.borders(ECP5)) == borders
    text = prove(tmp_path, gold, gate, "sat -verify -seq 14 -set in_rst 0 -prove trigger 0 miter\n")
    assert "CCU2C" in text


@pytest.mark.parametrize("seed", range(30))
def test_a_border_tells_the_sign(seed):
    """Of every value of a row, by the highest bits of what is kept."""
    rng = np.random.default_rng(seed)
    matrix = rng.choice([-1, 0, 1], (8, int(rng.integers(1, 40))))
    layer = make_layer(matrix, offsets=rng.integers(-40, 40, 8))
    unit = StationaryUnit((layer,), 8)
    assert not any(unit.borders(ICE40))
    for (low, high), bits, border in zip(
        unit.row_ranges, unit.row_bits, unit.borders(ECP5), strict=True
    ):
        if border is not None:
            values = np.arange(low, high + 1)
            kept = values % 2 ** (bits - 1)
            assert np.array_equal(kept >> bits - 5 >= border, values < 0)


def test_parameters_are_attributes():
    unit = StationaryUnit((make_layer(MATRIX, offsets=np.zeros(4)),), 4)
    assert elaborated(StationaryLayer(unit)).plan is unit
    assert elaborated(StationaryArray(unit)).plan is unit
    accumulator = elaborated(Accumulator(bits=3, sum_bits=5, init=-1))
    assert (accumulator.bits, accumulator.sum_bits, accumulator.init) == (3, 5, 31)
