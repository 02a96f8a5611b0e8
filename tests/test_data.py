import io
import os
import re
import tracemalloc
import zipfile

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
    ({"images": IMAGES, "labels": LABELS[:2]}, "2 labels do not match 3 images"),
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


NO_ZIP = "it is not a complete zip archive"
NO_ARRAY = "it holds an array that is damaged or not plain"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", NO_ZIP),
        (b"not a zip", NO_ZIP),
        (npz(images=IMAGES)[:200], NO_ZIP),
        (npz(images=np.array([{"code": 1}], dtype=object)), NO_ARRAY),
        (npy(IMAGES), NO_ZIP),
        (huge(), NO_ZIP),
    ],
    ids=["empty", "text", "half", "objects", "npy", "huge"],
)
def test_files_that_are_something_else(tmp_path, content, reason):
    refused(tmp_path, content, reason)


def refused(folder, content, reason):
    path = folder / "a.npz"
    path.write_bytes(content)
    message = f"{path} is not an .npz file of plain arrays: {reason}"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_images(path)


def test_a_small_file_does_not_unpack_to_a_large_one(tmp_path):
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w") as member,
    ):
        for _ in range(513):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    refused(tmp_path, stream.getvalue(), "it unpacks to more than 512 MiB")
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_large_file(tmp_path):
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        file.truncate((1 << 29) + 1)
    message = f"{path} is not an .npz file of plain arrays: it is larger than 512 MiB"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_images(path)


def test_pipes_and_devices(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        message = f"{path} is not an .npz file of plain arrays: it is not a regular file"
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            load_images(path)


def test_order_of_memory_does_not_matter(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.asfortranarray(IMAGES))
    assert np.array_equal(load_images(tmp_path / "a.npz")[0], IMAGES)


def test_missing_file(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(
        DataError, match=f"^cannot read {re.escape(str(path))}: No such file or directory$"
    ):
        load_images(path)
