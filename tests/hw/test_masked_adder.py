# amaranth: UnusedElaboratable=no

from itertools import product

import pytest
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.masked_adder import MaskedAdder
from threefold.hw.pe import PE

from ..equivalence import prove
from ..nightly import mostly_nightly

FROM_RESET = "sat -verify -tempinduct -seq 1 -set-at 1 in_rst 1 -prove trigger 0 miter\n"


@pytest.mark.parametrize(
    ("bits", "lanes"),
    mostly_nightly(product([1, 2, 3, 4, 7, 8], [1, 2, 3]), always=[(1, 2), (4, 2)]),
)
def test_same_on_ecp5(tmp_path, bits, lanes):
    gold, gate = (MaskedAdder(bits=bits, lanes=lanes) for _ in range(2))
    assert "CCU2C" in prove(tmp_path, gold, gate, "sat -verify -prove trigger 0 miter\n")


@pytest.mark.parametrize(
    ("bits", "simd"),
    mostly_nightly(
        [
            *((1, simd) for simd in (1, 3, 8)),
            *((2, simd) for simd in (1, 4, 8)),
            *((3, simd) for simd in (1, 2, 4)),
            *((4, simd) for simd in (3, 8)),
            (5, 3),
            *((8, simd) for simd in (1, 2)),
        ],
        always=[(1, 3), (2, 4), (4, 3)],
    ),
)
def test_pe_is_the_same_on_ecp5(tmp_path, bits, simd):
    gold, gate = (PE(bits=bits, simd=simd, sum_bits=bits + 6) for _ in range(2))
    assert ("CCU2C" in prove(tmp_path, gold, gate, FROM_RESET)) == (bits != 2)


@pytest.mark.parametrize(
    ("bits", "simd"), mostly_nightly([(3, 4), (4, 3), (8, 1)], always=[(4, 3)])
)
def test_pe_that_doubles_is_the_same_on_ecp5(tmp_path, bits, simd):
    gold, gate = (PE(bits=bits, simd=simd, sum_bits=bits + 6, doubles=True) for _ in range(2))
    assert "CCU2C" in prove(tmp_path, gold, gate, FROM_RESET)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_adds_all_values(bits):
    adder = MaskedAdder(bits=bits, lanes=1)

    async def testbench(ctx):
        for code in range(2**bits):
            for addend in range(2**bits):
                for weight, term in ((1, code), (0, 0), (-1, 2**bits - 1 - code)):
                    ctx.set(adder.code[0], code)
                    ctx.set(adder.addend[0], addend)
                    ctx.set(adder.weight[0], {"nonzero": weight != 0, "negative": weight < 0})
                    assert ctx.get(adder.total[0]) == addend + term

    sim = Simulator(adder)
    sim.add_testbench(testbench)
    sim.run()


def test_parameters_are_attributes():
    adder = MaskedAdder(bits=4, lanes=3)
    assert (adder.bits, adder.lanes) == (4, 3)


@pytest.mark.parametrize(
    ("bits", "lanes", "message"),
    [
        (0, 1, r"^a masked adder must have at least 1 bit, not 0$"),
        (1, 0, r"^a masked adder must have at least 1 lane, not 0$"),
    ],
)
def test_refuses(bits, lanes, message):
    with pytest.raises(PlanError, match=message):
        MaskedAdder(bits=bits, lanes=lanes)
