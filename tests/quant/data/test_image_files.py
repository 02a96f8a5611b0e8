import re
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

from threefold.errors import DataError
from threefold.quant.data import ImageFiles


@pytest.fixture
def paths(tmp_path):
    """A dozen images of differing shapes, each of one colour."""
    paths = []
    for number in range(12):
        shape = (20 + 7 * (number % 3), 20 + 5 * (number % 4), 3)
        paths.append(tmp_path / f"{number:02}.png")
        Image.fromarray(np.full(shape, 20 * number, np.uint8)).save(paths[-1])
    return paths


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_it_is_indexed_as_an_array_is(paths):
    images = ImageFiles(paths, 8)
    assert (len(images), images.shape, images.dtype) == (12, (12, 8, 8, 3), np.uint8)
    assert images[3].shape == (8, 8, 3)
    for index in (slice(2, 5), slice(None, None, -1), np.array([7, 0, 7]), [1], slice(0, 0)):
        expected = 20 * np.arange(12)[index]
        assert images[index].shape == (len(expected), 8, 8, 3)
        assert np.array_equal(images[index].max((1, 2, 3)), expected)
        assert np.array_equal(images[index].min((1, 2, 3)), expected)
    assert np.array_equal(images[-1], images[11])
    with pytest.raises(IndexError):
        images[12]


def test_the_middle_is_seven_eighths_of_the_shorter_side(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = ImageFiles([tmp_path / "a.png"], 14)[0]
    assert np.array_equal(image, pixels[1:15, 13:27])


def test_random_parts_depend_on_the_generator_alone(paths):
    shades = np.tile(np.arange(250, dtype=np.uint8), (200, 1))
    for path in paths:
        Image.fromarray(shades).save(path)
    first = ImageFiles(paths, 8, threads=1).draw([0, 5, 5], generator())
    assert first.shape == (3, 8, 8, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, ImageFiles(paths, 8, threads=3).draw([0, 5, 5], generator()))
    assert not np.array_equal(first, ImageFiles(paths, 8).draw([0, 5, 5], generator(1)))
    assert not np.array_equal(first[1], first[2])


def test_random_parts_have_the_sides_they_may_have(tmp_path):
    height, width = 180, 240
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns, rows, 0 * rows], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    parts = ImageFiles([tmp_path / "a.png"], 16).draw([0] * 400, generator()).astype(int)
    # A part of w columns is a ramp of w·15/16 from its first pixel to its last.
    across = (parts[:, 8, -1, 0] - parts[:, 8, 0, 0]) * 16 / 15
    down = (parts[:, -1, 8, 1] - parts[:, 0, 8, 1]) * 16 / 15
    area, ratio = np.abs(across) * down / (height * width), np.abs(across) / down
    assert 0.07 < area.min() < 0.12
    assert 0.85 < area.max() <= 1.03
    assert 0.7 < ratio.min() < 0.8
    assert 1.25 < ratio.max() < 1.43
    assert 150 < (across < 0).sum() < 250
    assert parts[..., 0].min() < 6
    assert parts[..., 0].max() > 234
    assert parts[..., 1].max() > 174


def test_the_middle_where_no_part_fits(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 400, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (part,) = ImageFiles([tmp_path / "a.png"], 4).draw([0], generator(2))
    middle = pixels[:, 198:202]
    assert np.array_equal(part, middle) or np.array_equal(part, middle[:, ::-1])


def test_a_damaged_file_is_named(paths):
    paths[4].write_bytes(paths[4].read_bytes()[:60])
    message = f"{paths[4]} holds an image that is damaged; get it again"
    for take in (lambda i: i[:], lambda i: i.draw(range(12), generator())):
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            take(ImageFiles(paths, 8))


def test_they_never_become_one_array(paths):
    message = "12 images in files are too many for memory; take some by their index"
    with pytest.raises(DataError, match=f"^{message}$"):
        np.asarray(ImageFiles(paths, 8))


def test_memory_holds_one_batch(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(path)
    images = ImageFiles([path] * 20_000, 64)
    images[:1]
    tracemalloc.start()
    for start in range(0, 64, 16):
        images[start : start + 16]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_digests_tell_files_apart(paths):
    digest = ImageFiles(paths, 8).digest()
    assert digest == ImageFiles(paths, 8, threads=1).digest()
    assert digest != ImageFiles(paths, 9).digest()
    assert digest != ImageFiles(paths[::-1], 8).digest()
    paths[0].write_bytes(paths[0].read_bytes() + b"x")
    assert digest != ImageFiles(paths, 8).digest()
