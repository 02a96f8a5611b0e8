import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.evaluation import Evaluation, evaluate
from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor

INPUT = Tensor((1, 1, 3), Codes.unsigned(4))


def network(**provenance):
    """The class is the largest feature."""
    ops = [("fc1", Dense(np.eye(3, dtype=int))), ("logits", Logits([0, 0, 0]))]
    return Network.chain("largest", INPUT, ops, provenance)


def test_counts_of_every_pair():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 16, (700, 1, 1, 3))
    labels = rng.integers(0, 3, 700)
    told = []
    result = evaluate(network(), codes, labels, progress=lambda what, share: told.append(share))
    given = codes.argmax(axis=3).ravel()
    wanted = [[np.sum((labels == i) & (given == j)) for j in range(3)] for i in range(3)]
    assert result.confusion.tolist() == wanted
    assert result.accuracy == np.mean(labels == given)
    assert result.recall[1] == np.mean(given[labels == 1] == 1)
    assert result.precision[1] == np.mean(labels[given == 1] == 1)
    assert result.names == ("0", "1", "2")
    assert told == sorted(told)
    assert (len(told), told[-1]) == (3, 1)


def test_names_are_those_of_the_network():
    codes, labels = np.ones((1, 1, 1, 3), int), np.array([0])
    assert evaluate(network(), codes, labels, "abc").names == ("a", "b", "c")
    assert evaluate(network(classes=["x", "y", "z"]), codes, labels, "abc").names == ("x", "y", "z")


def test_shares_of_nothing_are_none():
    result = Evaluation(np.array([[2, 0], [0, 0]]), "ab")
    assert (result.recall, result.precision) == ([1, None], [1, None])
    assert result.to_json() == {
        "samples": 2,
        "right": 2,
        "accuracy": 1,
        "classes": ["a", "b"],
        "confusion": [[2, 0], [0, 0]],
        "recall": [1, None],
        "precision": [1, None],
    }


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        ([0], (), "2 samples need a label each, not (1,)"),
        ([0, 3], (), "labels must be 0…2, not 0…3; 'largest' knows 3 classes"),
        ([-1, 0], (), "labels must be 0…2, not -1…0; 'largest' knows 3 classes"),
        ([0, 1], "ab", "'largest' knows 3 classes, not 2"),
    ],
)
def test_refused(labels, names, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        evaluate(network(), np.ones((2, 1, 1, 3), int), np.array(labels), names)


def test_networks_of_more_than_one_pixel():
    ops = [("conv1", Conv(np.ones((2, 1, 1, 1), int))), ("logits", Logits([0, 0]))]
    maps = Network.chain("maps", Tensor((2, 2, 1), Codes.unsigned(1)), ops)
    message = "network 'maps' gives 2×2×2 outputs, not one class for each image"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        evaluate(maps, np.ones((1, 2, 2, 1), int), np.array([0]))
