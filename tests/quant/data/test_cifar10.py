import io
import re
import sys

import numpy as np
import pytest
from PIL import Image

from threefold.errors import DataError
from threefold.quant import load_dataset

TRAIN, TEST = 10, 6
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (TRAIN + TEST, 32, 32, 3), np.uint8)
LABELS = RANDOM.integers(0, 10, TRAIN + TEST)
INDEX = np.array([1, 4, 9, 10, 15])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sys.modules["threefold.quant.data.cifar10"], "_SIZES", (TRAIN, TEST))


def refused(name, folder, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_dataset(name, folder)


@pytest.fixture
def binary(tmp_path):
    records = np.concatenate(
        [LABELS[:, None], IMAGES.transpose(0, 3, 1, 2).reshape(len(IMAGES), -1)], axis=1
    ).astype(np.uint8)
    for number in range(1, 6):
        part = records[2 * (number - 1) : 2 * number]
        (tmp_path / f"data_batch_{number}.bin").write_bytes(part.tobytes())
    (tmp_path / "test_batch.bin").write_bytes(records[TRAIN:].tobytes())
    return tmp_path


def test_the_binary_version(binary):
    dataset = load_dataset("cifar10", binary)
    assert str(dataset.input) == "32×32×3 codes 0…255 = -128…127"
    assert np.array_equal(dataset.train_images, IMAGES[:TRAIN])
    assert np.array_equal(dataset.test_images, IMAGES[TRAIN:])
    assert dataset.train_labels.tolist() == LABELS[:TRAIN].tolist()
    assert dataset.test_labels.tolist() == LABELS[TRAIN:].tolist()
    assert dataset.names[:2] == ("airplane", "automobile")
    assert dataset.classes == 10


def test_a_batch_that_is_cut_off(binary):
    path = binary / "data_batch_3.bin"
    path.write_bytes(path.read_bytes()[:-3073])
    refused("cifar10", binary, f"{path} holds 3,073 bytes, not 2 records of 3,073; get it again")


def test_a_label_that_is_no_class(binary):
    path = binary / "test_batch.bin"
    path.write_bytes(b"\x63" + path.read_bytes()[1:])
    with pytest.raises(DataError, match=r"^test labels of cifar10 are \d…99, not 0…9; .+$"):
        load_dataset("cifar10", binary)


def test_a_batch_that_is_missing(binary):
    (binary / "data_batch_5.bin").unlink()
    files = ", ".join([f"data_batch_{n}.bin" for n in range(1, 6)] + ["test_batch.bin"])
    refused(
        "cifar10",
        binary,
        f"cifar10 is read from files, but {binary} has no data_batch_5.bin; get {files} by "
        "'threefold data cifar10' or from "
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, and give their folder as "
        "--data-dir FOLDER",
    )


def packed(image, kind="JPEG", **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def write_copies(folder, files, **changes):
    start = len(b"\xff\xd8")
    arrays = {
        "header": np.frombuffer(b"\xff\xd8", np.uint8),
        "scan": np.frombuffer(b"".join(file[start:] for file in files), np.uint8),
        "length": np.array([len(file) - start for file in files], np.uint16),
        "label": LABELS.astype(np.uint8),
    }
    path = folder / "cifar10_jpeg_q75.npz"
    np.savez(path, **(arrays | changes))
    return path


def write_lossless(folder, **changes):
    mosaic = np.zeros((32, 3200, 3), np.uint8)
    for place, index in enumerate(INDEX):
        mosaic[:, 32 * place : 32 * (place + 1)] = IMAGES[index]
    path = folder / "cifar10_lossless_subset.webp"
    path.write_bytes(packed(mosaic, "WEBP", lossless=True))
    labels = folder / "cifar10_lossless_subset_labels.npz"
    arrays = {"index": INDEX.astype(np.uint16), "label": LABELS[INDEX].astype(np.uint8)}
    np.savez(labels, **(arrays | changes))
    return labels


FILES = [packed(image, quality=75) for image in IMAGES]
COPIES = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in FILES])


@pytest.fixture
def copy(tmp_path):
    write_copies(tmp_path, FILES)
    write_lossless(tmp_path)
    return tmp_path


def test_lossless_images_stand_for_their_copies_in_training(copy):
    dataset = load_dataset("cifar10_jpeg", copy)
    expected = COPIES.copy()
    expected[INDEX[:3]] = IMAGES[INDEX[:3]]
    assert np.array_equal(dataset.train_images, expected[:TRAIN])
    assert np.array_equal(dataset.test_images, COPIES[TRAIN:])
    assert not np.array_equal(COPIES, IMAGES)
    images, labels = dataset.more["lossless"]
    assert np.array_equal(images, IMAGES[INDEX[3:]])
    assert labels.tolist() == LABELS[INDEX[3:]].tolist()
    assert np.concatenate([dataset.train_labels, dataset.test_labels]).tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"label": LABELS[:-1].astype(np.uint8)}, "does not hold 16 images and labels"),
        ({"scan": np.zeros(99, np.uint8)}, "does not hold 16 images and labels"),
        ({"length": np.zeros(16)}, "has no row of integers from 0 on as 'length'"),
        ({"length": np.full(16, -1)}, "has no row of integers from 0 on as 'length'"),
        ({"label": LABELS[None]}, "has no row of integers from 0 on as 'label'"),
        ({"header": np.zeros(2, np.uint8)}, "holds an image that is damaged"),
        ({"header": np.array([{}])}, "is damaged: it holds an array that is damaged or not plain"),
    ],
)
def test_copies_that_do_not_fit(copy, changes, problem):
    path = write_copies(copy, FILES, **changes)
    refused("cifar10_jpeg", copy, f"{path} {problem}; get it again")


def test_copies_of_which_one_is_larger(copy):
    path = write_copies(copy, [*FILES[:-1], packed(np.zeros((32, 40, 3), np.uint8))])
    refused(
        "cifar10_jpeg",
        copy,
        f"{path} holds an image of 32×40 pixels, not 32×32; get it again",
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"index": INDEX[:-1]}, "does not hold an index and a label of each image; get it again"),
        (
            {"index": INDEX + 1, "label": LABELS[INDEX]},
            "does not hold an index and a label of each image; get it again",
        ),
        ({"index": INDEX - 2}, "has no row of integers from 0 on as 'index'; get it again"),
        (
            {"label": (LABELS[INDEX] + 1) % 10},
            "has other labels than cifar10_jpeg_q75.npz; get both again",
        ),
    ],
)
def test_a_lossless_part_that_does_not_fit(copy, changes, problem):
    path = write_lossless(copy, **changes)
    refused("cifar10_jpeg", copy, f"{path} {problem}")


def test_a_mosaic_that_is_damaged(copy):
    path = copy / "cifar10_lossless_subset.webp"
    path.write_bytes(path.read_bytes()[:100])
    refused("cifar10_jpeg", copy, f"{path} holds an image that is damaged; get it again")


def test_an_array_that_is_missing(copy):
    path = copy / "cifar10_jpeg_q75.npz"
    np.savez(path, header=np.zeros(2, np.uint8))
    refused("cifar10_jpeg", copy, f"{path} has no array 'scan.npy'; get it again")
