# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from threefold.hw.adder_tree import AdderTree

from threefold.errors import PlanError


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 7, 8, 9, 32])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_sums(bits, terms):
    tree = AdderTree(bits=bits, terms=terms)
    rng = random.Random(0)
    rows = [[rng.randrange(2**bits) for _ in range(terms)] for _ in range(20)]
    rows += [[2**bits - 1] * terms, [0] * terms]
    sums = []

    async def testbench(ctx):
        for row in rows + [[0] * terms] * tree.latency:
            for n, term in enumerate(row):
                ctx.set(tree.i[n], term)
            await ctx.delay(1e-7)
            sums.append(ctx.get(tree.o))
            await ctx.tick()

    m = Module()
    m.domains.sync = ClockDomain()
    m.submodules.tree = tree
    sim = Simulator(m)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    assert sums[tree.latency :] == [sum(row) for row in rows]


@pytest.mark.parametrize(
    ("bits", "terms", "message"),
    [
        (0, 1, r"^terms must have at least 1 bit, not 0$"),
        (1, 0, r"^an adder tree must have at least 1 term, not 0$"),
    ],
)
def test_refuses(bits, terms, message):
    with pytest.raises(PlanError, match=message):
        AdderTree(bits=bits, terms=terms)
