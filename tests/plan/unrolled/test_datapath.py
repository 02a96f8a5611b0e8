from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.plan.unrolled.datapath import datapath
from threefold.plan.unrolled.sharing import shared_graph

from ...matrices import random_matrix
from ...nightly import mostly_nightly

both_styles = pytest.mark.parametrize("free_outputs", [False, True])


def made(matrix, bits, largest, *, free_outputs, rounds=5):
    graph = shared_graph(matrix, np.full(matrix.shape[1], largest), rounds)
    return datapath(graph, bits, largest, free_outputs=free_outputs)


@both_styles
@pytest.mark.parametrize("seed", mostly_nightly(range(1000), always=range(20)))
def test_products(seed, free_outputs):
    rng = np.random.default_rng(seed)
    matrix, bits = random_matrix(rng, most=24), int(rng.integers(1, 9))
    largest = int(rng.integers(2 ** (bits - 1), 2**bits))
    path = made(matrix, bits, largest, free_outputs=free_outputs)
    vectors = rng.integers(0, largest + 1, (30, matrix.shape[1]))
    vectors[0], vectors[1] = 0, largest
    vectors[2:5] = rng.choice([0, largest], (3, matrix.shape[1]))
    found = path.products(vectors)
    assert found.tolist() == (vectors @ matrix.T.astype(int)).tolist()
    least, most = (np.array([getattr(each, name) for each in path.outputs]) for name in RANGE)
    assert ((least <= found) & (found <= most)).all()


RANGE = ("least", "largest")


@both_styles
def test_signals_are_as_wide_as_their_range(free_outputs):
    matrix = np.random.default_rng(3).choice([-1, 0, 1], (16, 24))
    path = made(matrix, 4, 15, free_outputs=free_outputs)
    assert {each.bits for each in path.sums if each.level == 1} == {5}
    for row, each in zip(matrix, path.outputs, strict=True):
        needed = int(15 * np.abs(row).sum()).bit_length()
        assert needed <= path.width(each.signal) <= needed + 1  # carries are in it, too


@both_styles
def test_offsets_of_rows_end_in_zeros(free_outputs):
    matrix = np.random.default_rng(0).choice([0, 1, -1], (32, 64), p=[0.5, 0.25, 0.25])
    path = made(matrix, 8, 255, free_outputs=free_outputs, rounds=0)
    assert {each.offset % 256 for each in path.outputs} == {0}


def test_only_one_style_subtracts():
    matrix = np.random.default_rng(0).choice([0, 1, -1], (16, 24))
    outputs, addends = (made(matrix, 8, 255, free_outputs=free) for free in (True, False))
    assert not any(each.subtracts for each in outputs.sums)
    assert any(each.subtracts for each in addends.sums)
    assert 0 < outputs.complement_bits < 0.2 * outputs.adder_bits


def test_a_signal_that_is_too_narrow_is_found():
    path = made(np.array([[1, 1]]), 2, 3, free_outputs=True)
    narrow = replace(path, sums=tuple(each._replace(bits=2) for each in path.sums))
    with pytest.raises(PlanError, match=r"^signal 2 does not fit 2 bits$"):
        narrow.products(np.array([[3, 3]]))
