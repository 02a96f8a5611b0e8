import dataclasses
import re
import sys

import numpy as np
import pytest

from threefold.errors import DataError, ToolError
from threefold.network import Integers, Tensor
from threefold.quant import digit_maps, digits, load_dataset


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
        ({"train_labels": np.zeros(3, int)}, "1437 train images do not match 3 labels"),
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


def test_digits_as_maps_are_the_same_digits(dataset):
    maps = digit_maps()
    assert maps.input.shape == (8, 8, 1)
    assert np.array_equal(maps.test_images.reshape(-1, 64), dataset.test_images.reshape(-1, 64))
    assert np.array_equal(maps.train_labels, dataset.train_labels)


def test_labels_that_are_no_class(dataset):
    labels = dataset.test_labels.copy()
    labels[7] = 10
    message = "test labels of digits are 0…10, not 0…9; get its files again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        dataclasses.replace(dataset, test_labels=labels, names=tuple("0123456789"))
    with pytest.raises(DataError, match=r"^train labels of digits are -1…9, not 0…9; .+$"):
        dataclasses.replace(dataset, train_labels=dataset.train_labels - (np.arange(1437) == 0))


def test_codes_below_zero(dataset):
    images = dataset.test_images.astype(int) - 1
    with pytest.raises(DataError, match=r"^test images are not 1×1×64 codes 0…15$"):
        dataclasses.replace(dataset, test_images=images)


def test_named_classes_count_even_without_an_image(dataset):
    assert dataclasses.replace(dataset, names=tuple("0123456789abcdef")).classes == 16


@pytest.mark.parametrize(
    ("name", "folder", "message"),
    [
        ("cifar", None, "there is no data set 'cifar'; there is cifar10, .*, mnist8, .*"),
        ("digits", "here", "digits comes with a package; leave out the folder here"),
    ],
)
def test_data_sets_that_there_are_not(name, folder, message):
    with pytest.raises(DataError, match=f"^{message}$"):
        load_dataset(name, folder)
