import numpy as np
import pytest

from threefold.hw.threshold_tree import threshold_tree


@pytest.mark.parametrize(
    ("thresholds", "tree"),
    [
        ([5], [15, 5]),
        ([1, 2], [15, 2, 1, 15]),
        ([1, 2, 3], [15, 2, 1, 3]),
        ([1, 2, 3, 4, 5], [15, 4, 2, 15, 1, 3, 5, 15]),
        ([1, 2, 3, 4, 5, 6, 7], [15, 4, 2, 6, 1, 3, 5, 7]),
    ],
)
def test_nodes(thresholds, tree):
    thresholds = np.array(thresholds)
    assert threshold_tree(np.stack([thresholds, thresholds + 1]), 4).tolist() == [
        tree,
        [15 if node == 15 else node + 1 for node in tree],
    ]
