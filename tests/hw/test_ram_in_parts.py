# amaranth: UnusedElaboratable=no

import random
from itertools import accumulate
from types import SimpleNamespace

import pytest
from amaranth.hdl import Fragment
from amaranth.lib import data
from amaranth.sim import Simulator

from threefold.fpga import GENERIC
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40
from threefold.hw.ram import Ram
from threefold.hw.verilog import to_rtlil
from threefold.tools.synthesis import synthesise

from ..split_family import SPLIT


def rtlil(ram, family):
    return to_rtlil(ram, "top", platform=SimpleNamespace(family=family))


@pytest.mark.parametrize(
    ("family", "depth", "parts"),
    [
        (SPLIT, 9, 2),
        (SPLIT, 21, 3),
        (SPLIT, 39, 5),
        (SPLIT, 40, 1),
        (ECP5, 513, 2),
        (ECP5, 1568, 3),
        (ECP5, 1792, 1),
        (ECP5, 3136, 3),
        (GENERIC, 3136, 1),
    ],
)
def test_holds_what_was_written(family, depth, parts):
    shape, rng = data.ArrayLayout(8, 8), random.Random(depth)
    found = family.parts(64, depth)
    assert len(found) == parts
    assert sum(rows for rows, _ in found) == depth
    # The first and the last rows of each part, where the next one begins, and some others.
    edges = [0, *accumulate(rows for rows, _ in found)]
    rows = {row + near for row in edges for near in (-2, -1, 0, 1)}
    rows = sorted(rows & set(range(depth)) | {rng.randrange(depth) for _ in range(8)})
    ram, read = Ram(shape, depth, "split"), set()

    async def testbench(ctx):
        words, expected = {}, None
        for cycle in range(700):
            row = rows[cycle] if cycle < len(rows) else rng.choice(rows)
            word = [rng.randrange(256) for _ in range(8)]
            writes = cycle < len(rows) or rng.random() < 0.4
            other = rng.choice([each for each in rows if each != row])
            reads = rng.random() < 0.4 and other in words
            ctx.set(ram.write.en, writes)
            ctx.set(ram.write.addr, row)
            ctx.set(ram.write.data, word)
            ctx.set(ram.read.en, reads)
            ctx.set(ram.read.addr, other)
            await ctx.tick()
            if reads:
                expected = words[other]
                read.add(other)
            if writes:
                words[row] = word
            if expected:
                assert list(ctx.get(ram.read.data)) == expected

    simulator = Simulator(Fragment.get(ram, SimpleNamespace(family=family)))
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert read == set(rows)


@pytest.mark.parametrize(("family", "depth"), [(ECP5, 1792), (ICE40, 1568), (GENERIC, 1568)])
def test_where_nothing_is_gained_it_is_in_one_part(family, depth):
    assert rtlil(Ram(64, depth, "split"), family) == rtlil(Ram(64, depth), family)
    assert rtlil(Ram(64, 1568, "split"), ECP5) != rtlil(Ram(64, 1568), ECP5)


@pytest.mark.parametrize(
    ("width", "depth", "blocks", "rams", "whole"),
    [(64, 1568, 6, 32, 8), (32, 3136, 6, 32, 7), (16, 1100, 1, 20, 2), (16, 1024, 1, 0, 1)],
)
def test_parts_take_as_many_block_rams_as_estimated(tmp_path, width, depth, blocks, rams, whole):
    found = synthesise(Ram(width, depth, "split"), ECP5, tmp_path)
    assert (found.bram, found.count("TRELLIS_DPR16X4")) == (blocks, rams)
    estimated = ECP5.buffer(width, depth, "split")
    assert estimated.bram == blocks
    assert estimated.lut == pytest.approx(found.lut, rel=0.3)
    assert synthesise(Ram(width, depth), ECP5, tmp_path).bram == whole
