import numpy as np
import pytest

from threefold.plan.unrolled.serial import serial_path
from threefold.plan.unrolled.sharing import shared_graph

from ...matrices import random_matrix


def products(path, vectors):
    """What the rows of a path hold, as integers that never wrap."""
    signals = list(vectors.T)
    for each in path.sums:
        b = ~signals[each.b] if each.subtracts else signals[each.b]
        signals.append(signals[each.a] + b + each.carry)
    rows = []
    for each in path.outputs:
        signal = signals[each.signal] if each.signal >= 0 else np.zeros(len(vectors), int)
        rows.append((~signal if each.complemented else signal) + each.constant)
    return np.stack(rows, axis=1)


@pytest.mark.parametrize("seed", range(100))
def test_rows_are_products_and_offsets(seed):
    rng = np.random.default_rng(seed)
    weights = random_matrix(rng).astype(int)
    graph = shared_graph(weights, np.full(weights.shape[1], 15), 2)
    offsets = rng.integers(-3, 4, len(weights))
    vectors = rng.integers(0, 16, (20, weights.shape[1]))
    path = serial_path(graph, offsets)
    assert (products(path, vectors) == vectors @ weights.T + offsets).all()


def test_carries_take_up_what_they_can():
    """A row of three terms has two carries, of which a subtraction has set one."""
    graph = shared_graph(np.array([[1, 1, 1], [1, -1, 0], [0, -1, -1], [0, 0, 0]]), np.ones(3), 0)
    path = serial_path(graph, np.array([1, -1, 0, 5]))
    assert [each.constant for each in path.outputs] == [0, 0, 1, 5]
