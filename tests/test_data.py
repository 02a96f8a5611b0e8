import io
import re

import numpy as np
import pytest

from threefold.data import load_images, save_images
from threefold.errors import DataError

IMAGES = np.arange(24, dtype=np.uint8).reshape(3, 2, 2, 2)
LABELS = np.array([2, 0, 1])


def test_images_and_labels_come_back(tmp_path):
    save_images(tmp_path / "a.npz", IMAGES, LABELS)
    images, labels = load_images(tmp_path / "a.npz")
    assert np.array_equal(images, IMAGES)
    assert images.dtype == IMAGES.dtype
    assert np.array_equal(labels, LABELS)


def test_labels_may_be_missing(tmp_path):
    save_images(tmp_path / "a.npz", IMAGES)
    assert load_images(tmp_path / "a.npz")[1] is None


def test_same_data_same_bytes(tmp_path):
    for name in "ab":
        save_images(tmp_path / name, IMAGES, LABELS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


WRONG = [
    ({"labels": LABELS}, "there is no array named 'images'"),
    ({"images": IMAGES / 2}, "images must be integers, not float64"),
    (
        {"images": IMAGES[0]},
        r"images must be a non-empty array \(images, height, width, channels\), not \(2, 2, 2\)",
    ),
    (
        {"images": IMAGES[:0]},
        r"images must be a non-empty array \(images, height, width, channels\), "
        r"not \(0, 2, 2, 2\)",
    ),
    ({"images": IMAGES, "labels": LABELS[:2]}, "2 labels do not go with 3 images"),
    ({"images": IMAGES, "labels": LABELS - 1}, "labels must be at least 0, not -1"),
    ({"images": IMAGES, "labels": LABELS > 0}, "labels must be integers, not bool"),
    (
        {"labels": LABELS[:, None], "images": IMAGES},
        r"labels must be a non-empty array \(images,\), not \(3, 1\)",
    ),
]


@pytest.mark.parametrize(("arrays", "message"), WRONG)
def test_files_with_wrong_arrays(tmp_path, arrays, message):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=f"^{re.escape(str(path))}: {message}$"):
        load_images(path)


@pytest.mark.parametrize(("arrays", "message"), WRONG[1:])
def test_wrong_arrays_are_not_written(tmp_path, arrays, message):
    with pytest.raises(DataError, match=f"^{message}$"):
        save_images(tmp_path / "a.npz", **arrays)
    assert not list(tmp_path.iterdir())


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def huge():
    """A header that claims 2⁶⁰ images."""
    content = npz(images=np.zeros((1, 1, 1, 1), np.uint8))
    return content.replace(b"(1, 1, 1, 1), }       ", b"(%d, 1, 1, 1), }" % 10**6**3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        npz(images=IMAGES)[:200],
        npz(images=np.array([{"code": 1}], dtype=object)),
        npy(IMAGES),
        huge(),
    ],
    ids=["empty", "text", "half", "objects", "npy", "huge"],
)
def test_files_that_are_something_else(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(
        DataError,
        match=f"^{re.escape(str(path))} is not an .npz file of plain arrays, or is damaged$",
    ):
        load_images(path)


def test_missing_file(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(
        DataError, match=f"^cannot read {re.escape(str(path))}: No such file or directory$"
    ):
        load_images(path)
