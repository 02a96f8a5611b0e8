import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.fpga.ecp5 import ECP5
from threefold.hw.sequential.weight_unpacker import WeightUnpacker, plain_bytes
from threefold.plan import lower
from threefold.plan.sequential import DENSITIES, Feed
from threefold.plan.sequential.weight_bytes import weight_bytes
from threefold.plan.units.streamed import StreamedUnit
from threefold.tools.synthesis import synthesise

from ...loadable_networks import network


def unpacked(word, bits, *, plain):
    """What leaves for a word, and the bytes that are read from that."""
    dut, found = WeightUnpacker(bits), []

    async def testbench(ctx):
        ctx.set(dut.word, word)
        ctx.set(dut.plain, plain)
        found.extend((ctx.get(dut.o), ctx.get(plain_bytes(dut.o))))

    simulator = Simulator(dut)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


@pytest.mark.parametrize("bits", [8, 16, 32, 128])
def test_weights_have_two_bits_each(bits):
    rng = np.random.default_rng(bits)
    for _ in range(3):
        weights = rng.integers(-1, 2, (1, bits // 8 * 5), np.int8)
        word = int.from_bytes(weight_bytes(weights, 5).tobytes(), "little")
        expected = int.from_bytes(weight_bytes(weights, 4).tobytes(), "little")
        assert unpacked(word, bits, plain=0)[0] == expected


def test_every_byte_of_five_weights():
    digits = np.arange(243)[:, None] // 3 ** np.arange(5) % 3
    weights = np.where(digits == 2, -1, digits).astype(np.int8)
    assert weight_bytes(weights, 5).ravel().tolist() == list(range(243))
    dut, found = WeightUnpacker(8), []

    async def testbench(ctx):
        for byte in range(243):
            ctx.set(dut.word, byte)
            found.append(ctx.get(dut.o))

    simulator = Simulator(dut)
    simulator.add_testbench(testbench)
    simulator.run()
    pairs = np.where(weights < 0, 3, weights) @ 4 ** np.arange(5)
    assert found == pairs.tolist()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_other_bytes_stay_as_they_are(bits):
    word = np.random.default_rng(bits).integers(1 << bits)
    assert unpacked(int(word), bits, plain=1)[1] == word


def test_it_takes_as_many_luts_as_estimated(tmp_path):
    found = synthesise(WeightUnpacker(32), ECP5, tmp_path)
    layers, feed = lower(network(1, depth=8, filters=16)), Feed(32).to_dict()
    pairs, packed = (
        StreamedUnit(layers, 16, 8, feed=feed, weights_per_byte=each).made_loadable()
        for each in DENSITIES
    )
    # Rows of the same bits on the chip, but for those that are beyond the last weight.
    more = packed.resources(ECP5).lut - pairs.resources(ECP5).lut
    assert found.lut == pytest.approx(540, rel=0.1)
    assert more == pytest.approx(540, rel=0.4)
