import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.sequential.word_unpacker import WordUnpacker, plain_bits
from threefold.plan.sequential.weight_bytes import weight_bytes


def unpacked(word, bits, *, plain):
    """What leaves for a word, and the bytes that are read from that."""
    dut, found = WordUnpacker(bits), []

    async def testbench(ctx):
        ctx.set(dut.word, word)
        ctx.set(dut.plain, plain)
        found.extend((ctx.get(dut.o), ctx.get(plain_bits(dut.o))))

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
    dut, found = WordUnpacker(8), []

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
