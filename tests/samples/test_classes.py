import re
from pathlib import Path

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.samples import Samples, class_names, split
from threefold.samples.classes import indices


def samples(*labels):
    values = np.zeros((len(labels), 1, 1, 1))
    return Samples(values, labels, tuple(f"line {i + 1} of a.csv" for i in range(len(labels))))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["10", "9", "9"], ("9", "10")),
        (["-1", "1", "0.5"], ("-1", "0.5", "1")),
        (["10", "9", "x"], ("10", "9", "x")),
        (["nan", "1"], ("1", "nan")),
        (["1.0", "1"], ("1", "1.0")),
    ],
)
def test_order_of_classes(labels, names):
    assert class_names(samples(*labels), Path("a.csv")) == names


def test_labels_as_indices():
    assert indices(samples("b", "a", "b"), ("a", "b")).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            ["x", "x"],
            "a.csv has one class only, 'x'; a classifier needs samples of two or more",
        ),
        (
            [str(i) for i in range(30)],
            "a.csv has 30 classes in 30 samples; choose what to classify by another --label",
        ),
    ],
)
def test_no_classes(labels, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        class_names(samples(*labels), Path("a.csv"))


def test_a_label_that_is_none_of_the_classes():
    message = "line 2 of a.csv is of class 'c'; the network knows a, b"
    with pytest.raises(DataError, match=f"^{message}$"):
        indices(samples("a", "c"), ("a", "b"))


LABELS = np.array([0] * 50 + [1] * 10 + [2] * 2)


def test_a_share_of_each_class_is_held_out():
    held = split(LABELS, 0.2, 0, "abc")
    assert np.bincount(LABELS[held]).tolist() == [10, 2, 1]
    assert np.array_equal(held, split(LABELS, 0.2, 0, "abc"))
    assert not np.array_equal(held, split(LABELS, 0.2, 1, "abc"))
    assert np.bincount(LABELS[split(LABELS, 0.99, 0, "abc")]).tolist() == [49, 9, 1]


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_shares_that_leave_nothing(share):
    message = f"--held-out must be above 0 and below 1, not {share:g}"
    with pytest.raises(DataError, match=f"^{message}$"):
        split(LABELS, share, 0, "abc")


def test_a_class_of_one_sample():
    message = (
        "class 'd' has one sample only, and training and test need one each; add some, leave it "
        "out, or give --test-data"
    )
    with pytest.raises(DataError, match=f"^{message}$"):
        split(np.append(LABELS, 3), 0.2, 0, "abcd")
