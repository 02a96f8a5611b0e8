import gzip
import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.quant import load_dataset, mnist


def idx(array):
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes()
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def arrays(tmp_path):
    """The four files of a set like MNIST, and what they hold."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 30), ("t10k", 20)):
        arrays[f"{part}-images-idx3-ubyte"] = random.integers(0, 256, (count, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(count) % 10
    for name, array in arrays.items():
        (tmp_path / name).write_bytes(idx(array))
    return list(arrays.values())


@pytest.mark.parametrize(
    ("name", "drop", "input"),
    [("mnist", 4, "0…15"), ("mnist8", 0, "0…255"), ("fashion_mnist", 0, "0…255")],
)
def test_sets_from_their_files(tmp_path, arrays, name, drop, input):
    images, labels, test_images, test_labels = arrays
    dataset = load_dataset(name, tmp_path)
    assert dataset.name == name
    assert str(dataset.input) == f"28×28×1 codes {input}"
    assert dataset.train_images.dtype == np.uint8
    assert np.array_equal(dataset.train_images[..., 0], images >> drop)
    assert np.array_equal(dataset.test_images[..., 0], test_images >> drop)
    assert np.array_equal(dataset.train_labels, labels)
    assert np.array_equal(dataset.test_labels, test_labels)
    assert len(dataset.names) == dataset.classes == 10


def test_packed_and_unpacked_files_beside_each_other(tmp_path, arrays):
    before = mnist(tmp_path).digest()
    path = tmp_path / "train-labels-idx1-ubyte"
    (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert mnist(tmp_path).digest() == before


GET = (
    "get train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, "
    "t10k-labels-idx1-ubyte.gz by 'threefold data mnist' or from "
    "https://ossci-datasets.s3.amazonaws.com/mnist/, and give their folder as --data-dir FOLDER"
)


@pytest.mark.parametrize("folder", [None, "nowhere"])
def test_without_a_folder(folder):
    where = "no folder is given" if folder is None else "there is no folder nowhere"
    message = f"mnist is read from files, but {where}; {GET}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        mnist(folder)


def test_with_a_file_missing(tmp_path, arrays):
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    problem = f"{tmp_path} has no t10k-labels-idx1-ubyte.gz"
    message = f"mnist is read from files, but {problem}; {GET}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        mnist(tmp_path)


def test_parts_that_do_not_go_together(tmp_path, arrays):
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(3, int)))
    with pytest.raises(DataError, match=r"^20 test images do not match 3 labels$"):
        mnist(tmp_path)


def test_a_label_that_is_no_digit(tmp_path, arrays):
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(20)))
    message = "test labels of mnist are 0…19, not 0…9; get its files again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        mnist(tmp_path)


def test_images_of_another_size(tmp_path, arrays):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((30, 32, 32))))
    with pytest.raises(DataError, match=r"^train images are not 28×28×1 codes 0…15$"):
        mnist(tmp_path)
