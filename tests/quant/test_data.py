import dataclasses
import sys

import numpy as np
import pytest
from threefold.quant import digits

from threefold.errors import DataError, ToolError
from threefold.network import Integers, Tensor


def test_digits_are_split_once_and_for_all(dataset):
    assert dataset.train_images.shape == (1437, 1, 1, 64)
    assert dataset.test_images.shape == (360, 1, 1, 64)
    assert dataset.classes == 10
    assert np.bincount(dataset.test_labels).tolist() == [36] * 10
    assert dataset.train_images.max() == dataset.input.element.max_code == 15
    assert dataset.digest() == digits().digest()
    assert dataset.digest().startswith("8ff4d8e693073a81")


def test_no_image_is_on_both_sides(dataset):
    rows = {image.tobytes() for image in dataset.train_images}
    assert not rows & {image.tobytes() for image in dataset.test_images}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_labels": np.zeros(3, int)}, "1437 train images do not go with 3 labels"),
        (
            {"test_images": np.full((360, 1, 1, 64), 16, np.uint8)},
            "test images are not 1×1×64 codes 0…15",
        ),
        ({"input": Tensor((1, 1, 64), Integers(0, 1))}, "images are codes, not integers 0…1"),
    ],
)
def test_data_that_does_not_fit(dataset, changes, message):
    with pytest.raises(DataError, match=f"^{message}$"):
        dataclasses.replace(dataset, **changes)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(
        ToolError, match=r"^the digits need scikit-learn: pip install 'threefold\[train\]'$"
    ):
        digits()
