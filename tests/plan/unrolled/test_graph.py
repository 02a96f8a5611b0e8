import numpy as np
import pytest

from threefold.plan.unrolled.sharing import shared_graph

from ...matrices import random_matrix
from ...nightly import mostly_nightly


@pytest.mark.parametrize("seed", mostly_nightly(range(1000), always=range(20)))
def test_multiplies_by_its_matrix(seed):
    matrix = random_matrix(np.random.default_rng(seed), most=24)
    graph = shared_graph(matrix, np.full(matrix.shape[1], 15), 20)
    assert graph.matrix().tolist() == matrix.tolist()
    assert len(graph.adders) <= max(0, np.count_nonzero(matrix) - 1)


def test_levels():
    graph = shared_graph(np.array([[1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]), np.full(4, 3), 0)
    assert (graph.depth, graph.levels.tolist()) == (2, [0, 0, 0, 0, 1, 1, 2])
    assert graph.outputs[1:].tolist() == [[3, 1], [-1, 1]]


def test_a_sum_of_several_rows_is_made_once():
    rows = [[1, -1, 1, 0], [1, -1, 0, 1], [-1, 1, 0, 0], [1, -1, 1, 0]]
    graph = shared_graph(np.array(rows), np.full(4, 255), 0)
    assert len(graph.adders) == 3
    assert graph.outputs[0].tolist() == graph.outputs[3].tolist()
    assert graph.outputs[2].tolist() == [4, -1]


def test_further_rounds_find_fewer_adders():
    matrix = np.random.default_rng(0).choice([0, 1, -1], (24, 32), p=[0.5, 0.25, 0.25])
    adders = [len(shared_graph(matrix, np.full(32, 15), rounds).adders) for rounds in (0, 400)]
    assert adders[1] < adders[0] < 0.65 * np.count_nonzero(matrix)


def test_the_same_each_time():
    matrix = np.random.default_rng(1).choice([0, 1, -1], (12, 20))
    one, other = (shared_graph(matrix, np.full(20, 15), 50) for _ in range(2))
    assert one.adders.tolist() == other.adders.tolist()
