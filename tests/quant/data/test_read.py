import os
import re
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from threefold.data import read_content
from threefold.errors import DataError, ToolError
from threefold.quant.data import read

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)


def refused(message, function, *args):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        function(*args)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_images_of_each_kind(tmp_path, kind):
    path = save(tmp_path / f"a.{kind}", PIXELS, lossless=True)
    assert np.array_equal(np.asarray(read.open_image(path)), PIXELS)


def test_images_without_colour_or_with_a_palette(tmp_path):
    path = save(tmp_path / "a.png", PIXELS[..., 0])
    assert np.array_equal(np.asarray(read.open_image(path))[..., 2], PIXELS[..., 0])
    image = Image.fromarray(PIXELS).convert("P")
    image.save(path)
    assert np.array_equal(np.asarray(read.open_image(path)), np.asarray(image.convert("RGB")))


def test_images_that_are_cut_off_or_none(tmp_path):
    path = save(tmp_path / "a.jpg", PIXELS.repeat(9, 0).repeat(9, 1))
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"<html>", whole[:30]):
        path.write_bytes(content)
        refused(f"{path} holds an image that is damaged; get it again", read.open_image, path)


def test_images_of_another_kind(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    Image.fromarray(PIXELS).save(path, "BMP")
    refused(f"{path} holds an image that is damaged; get it again", read.open_image, path)


def test_images_of_too_many_pixels(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", PIXELS)
    monkeypatch.setattr(read, "_PIXELS", 53)
    message = f"{path} holds an image of 6×9 pixels, more than 53; leave it out"
    refused(message, read.open_image, path)


@pytest.mark.parametrize("limit", [40, 20])
def test_images_that_pillow_refuses(tmp_path, monkeypatch, limit):
    path = save(tmp_path / "a.png", PIXELS)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    message = f"{path} holds an image of too many pixels; leave it out"
    refused(message, read.open_image, path)


def test_a_header_that_claims_too_much_takes_no_memory(tmp_path):
    path = save(tmp_path / "a.png", PIXELS)
    content = bytearray(path.read_bytes())
    content[16:24] = (8193).to_bytes(4) * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    path.write_bytes(content)
    message = f"{path} holds an image of 8193×8193 pixels, more than 67,108,864; leave it out"
    refused(message, read.open_image, path)


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "a"
    refused(f"cannot read {path}: No such file or directory", read_content, path)
    os.mkfifo(path)
    refused(f"cannot read {path}: it is not a regular file", read_content, path)
    refused(f"cannot read {tmp_path}: Is a directory", read_content, tmp_path)


def test_arrays_of_a_damaged_file(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(3))
    (array,) = read.read_arrays(path, "a")
    assert array.tolist() == [0, 1, 2]
    refused(f"{path} has no array 'b.npy'; get it again", read.read_arrays, path, "b")
    path.write_bytes(path.read_bytes()[:-9])
    message = f"{path} is damaged: it is not a complete zip archive; get it again"
    refused(message, read.read_arrays, path, "a")


def test_without_pillow(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ToolError, match=r"^images need Pillow: pip install 'threefold\[train\]'$"):
        read.open_image(tmp_path / "a.png")
