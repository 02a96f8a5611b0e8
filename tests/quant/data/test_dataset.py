import dataclasses
import re
import sys

import numpy as np
import pytest
from threefold.quant import digit_maps, digits, load_dataset, mnist

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


def test_digits_as_maps_are_the_same_digits(dataset):
    maps = digit_maps()
    assert maps.input.shape == (8, 8, 1)
    assert np.array_equal(maps.test_images.reshape(-1, 64), dataset.test_images.reshape(-1, 64))
    assert np.array_equal(maps.train_labels, dataset.train_labels)


def idx(array):
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def write_mnist(folder):
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 30), ("t10k", 20)):
        arrays[f"{part}-images-idx3-ubyte"] = random.integers(0, 256, (count, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(count) % 10
    for name, array in arrays.items():
        (folder / name).write_bytes(idx(array))
    return list(arrays.values())


def test_mnist_from_its_files(tmp_path):
    images, labels, test_images, test_labels = write_mnist(tmp_path)
    dataset = load_dataset("mnist", tmp_path)
    assert str(dataset.input) == "28×28×1 codes 0…15"
    assert np.array_equal(dataset.train_images[..., 0], images // 16)
    assert np.array_equal(dataset.test_images[..., 0], test_images // 16)
    assert np.array_equal(dataset.train_labels, labels)
    assert np.array_equal(dataset.test_labels, test_labels)


@pytest.mark.parametrize("folder", [None, "nowhere"])
def test_mnist_without_a_folder(folder):
    where = "no folder is given" if folder is None else "there is no folder nowhere"
    message = (
        f"mnist is read from files, but {where}; get train-images-idx3-ubyte.gz, "
        "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz "
        "(from https://ossci-datasets.s3.amazonaws.com/mnist/ for instance) and give their "
        "folder, as --data FOLDER"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        mnist(folder)


def test_mnist_with_a_file_missing(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "t10k-labels-idx1-ubyte"
    path.unlink()
    message = f"cannot read {path}.gz: No such file or directory"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        mnist(tmp_path)


def test_mnist_whose_parts_do_not_go_together(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(3, int)))
    with pytest.raises(DataError, match=r"^20 test images do not go with 3 labels$"):
        mnist(tmp_path)


@pytest.mark.parametrize(
    ("name", "folder", "message"),
    [
        ("cifar", None, "there is no data set 'cifar'; there is cifar10, cifar10_jpeg, .*, mnist"),
        ("digits", "here", "digits comes with a package; leave out the folder here"),
    ],
)
def test_data_sets_that_there_are_not(name, folder, message):
    with pytest.raises(DataError, match=f"^{message}$"):
        load_dataset(name, folder)
