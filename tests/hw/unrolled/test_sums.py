# amaranth: UnusedElaboratable=no

from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.back import rtlil

from threefold.hw.unrolled.sums import Sums
from threefold.plan.unrolled.datapath import datapath
from threefold.plan.unrolled.pipeline import graph_latency
from threefold.plan.unrolled.sharing import shared_graph

from ...elaboration import elaborated
from ...equivalence import prove
from ...nightly import mostly_nightly

MATRIX = np.random.default_rng(0).choice([0, 1, -1], (12, 24), p=[0.5, 0.25, 0.25])


def path(matrix=MATRIX, bits=4, *, free_outputs=False):
    graph = shared_graph(matrix, np.full(matrix.shape[1], 2**bits - 1), 0)
    return datapath(graph, bits, 2**bits - 1, free_outputs=free_outputs)


@pytest.mark.parametrize("levels", mostly_nightly([1, 2, 3], always=[2]))
def test_same_on_ecp5(tmp_path, levels):
    matrix = np.random.default_rng(1).choice([0, 1, -1], (4, 5))
    gold, gate = (Sums(path(matrix, 2), levels=levels) for _ in range(2))
    prove(tmp_path, gold, gate, "sat -verify -tempinduct -seq 6 -prove trigger 0 miter\n")


@pytest.mark.parametrize("levels", [1, 2, 3, 20])
def test_latency(levels):
    sums = elaborated(Sums(path(), levels=levels))
    depth = max(each.level for each in sums.datapath.sums)
    assert (sums.levels, sums.latency) == (levels, graph_latency(depth, levels))


def test_no_half_of_a_cell_is_left():
    """But for the last of sums of an odd number of bits at each level."""
    datapath = path()
    platform = SimpleNamespace(family="ecp5")
    text = rtlil.convert(Sums(datapath), platform=platform, emit_src=False)
    levels = {each.level for each in datapath.sums}
    assert text.count("cell \\CCU2C") <= (datapath.adder_bits + 2 * len(levels)) // 2
