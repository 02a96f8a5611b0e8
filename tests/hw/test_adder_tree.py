# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.adder_tree import AdderTree


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 7, 8, 9, 32])
@pytest.mark.parametrize("largest", [1, 2, 3, 14, 255])
def test_sums(largest, terms):
    tree = AdderTree(largest=largest, terms=terms)
    rng = random.Random(0)
    rows = [[rng.randint(0, largest) for _ in range(terms)] for _ in range(20)]
    rows += [[largest] * terms, [0] * terms]
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


def test_parameters_are_attributes():
    tree = AdderTree(largest=15, terms=8)
    assert (tree.largest, tree.terms, tree.latency) == (15, 8, 3)


@pytest.mark.parametrize(
    ("largest", "terms", "message"),
    [
        (0, 1, r"^the largest value of a term must be at least 1, not 0$"),
        (1, 0, r"^an adder tree must have at least 1 term, not 0$"),
    ],
)
def test_refuses(largest, terms, message):
    with pytest.raises(PlanError, match=message):
        AdderTree(largest=largest, terms=terms)
