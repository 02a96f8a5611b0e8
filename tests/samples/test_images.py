import re

import numpy as np
import pytest
from PIL import Image

from threefold.errors import DataError
from threefold.network import Codes
from threefold.samples.images import Images
from threefold.samples.picture import open_picture

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (6, 5), np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 5, 3), np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    for name, shade in (("cat", 10), ("dog", 200)):
        for number in range(3):
            pixels = np.full((6, 5), shade + number, np.uint8)
            save(tmp_path / "pets" / name / f"{number}.png", pixels)
    return tmp_path / "pets"


def read(path, channels=None):
    picture = open_picture(path)
    return picture.pixels(picture.size, channels)


def test_a_folder_for_each_class(folder):
    (folder / ".hidden").mkdir()
    (folder / "cat" / "notes.txt").write_text("no image")
    format, train, test = Images.learn(folder)
    assert format == Images(6, 5, 1, False)
    assert train.labels == ("cat",) * 3 + ("dog",) * 3
    assert train.values[:, 0, 0, 0].tolist() == [10, 11, 12, 200, 201, 202]
    assert train.places[4] == str(folder / "dog" / "1.png")
    assert test is None


def test_one_coloured_image_makes_all_coloured(folder):
    save(folder / "dog" / "3.png", COLOUR)
    format, train, _ = Images.learn(folder)
    assert format.shape == (6, 5, 3)
    assert np.array_equal(train.values[6], COLOUR)
    assert train.values[0].tolist() == np.full((6, 5, 3), 10).tolist()


def test_grey_pixels_in_files_in_colour_are_grey(folder):
    save(folder / "dog" / "3.png", np.repeat(GREY[..., None], 3, axis=2))
    format, train, _ = Images.learn(folder)
    assert format.channels == 1
    assert np.array_equal(train.values[6, :, :, 0], GREY)
    assert np.array_equal(format.read(folder).values, train.values)


def test_sizes_are_squeezed(folder):
    save(folder / "dog" / "3.png", np.full((12, 40), 77, np.uint8))
    format, train, _ = Images.learn(folder, size="4x8")
    assert format == Images(4, 8, 1, True)
    assert train.values.shape == (7, 4, 8, 1)
    assert (train.values[6] == 77).all()
    assert np.array_equal(format.read(folder).values, train.values)


@pytest.mark.parametrize("suffix", ["png", "bmp", "pgm"])
def test_kinds_of_files(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", GREY)
    assert np.array_equal(read(path)[..., 0], GREY)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_kinds_of_files_that_lose_something(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", np.full((6, 5), 90, np.uint8))
    assert abs(read(path).astype(int) - 90).max() <= 1


def test_sixteen_bits_are_rounded_to_eight(tmp_path):
    wide = np.array([[0, 128, 129, 255, 256, 32767, 65406, 65407, 65535]], np.uint16)
    path = save(tmp_path / "a.png", wide)
    assert read(path)[0, :, 0].tolist() == [0, 0, 1, 1, 1, 127, 254, 255, 255]


def test_what_is_transparent_lies_on_white(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = 0, 51, 255
    path = save(tmp_path / "a.png", pixels)
    assert read(path)[0, :, 0].tolist() == [255, 204, 0]
    assert read(save(tmp_path / "b.png", pixels[..., 2:]))[0, :, 0].tolist() == [255, 204, 0]


def test_palettes(tmp_path):
    image = Image.fromarray(COLOUR).quantize(30)
    image.save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


def test_one_bit(tmp_path):
    Image.fromarray(GREY > 127).save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png")[..., 0], (GREY > 127) * 255)


def test_images_are_turned_as_they_are_meant(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    path = save(tmp_path / "a.png", GREY, exif=exif)
    assert np.array_equal(read(path)[..., 0], np.rot90(GREY, -1))


def test_colour_becomes_grey_where_a_network_is(tmp_path):
    path = save(tmp_path / "a.png", COLOUR)
    wanted = np.round(COLOUR @ [0.299, 0.587, 0.114])
    assert abs(read(path, 1)[..., 0] - wanted).max() <= 1


def test_without_classes(folder):
    format = Images(6, 5, 1, False)
    assert format.read(folder / "cat").labels is None
    assert format.classes_from == "a folder with one folder for each class is expected"
    one = format.read(folder / "cat" / "2.png")
    assert (one.labels, one.values.shape, one.values[0, 0, 0, 0]) == (None, (1, 6, 5, 1), 12)


def test_codes_of_eight_bits_are_the_pixels(folder):
    format, train, _ = Images.learn(folder)
    encoder = format.encoder(train.values, 8)
    assert encoder.codes == Codes.unsigned(8)
    assert np.array_equal(encoder.encode(train.values), train.values)
    assert format.encoder(train.values, 4).codes == Codes.unsigned(4)


SUFFIXES = ".bmp, .jpeg, .jpg, .pgm, .png, .ppm, .webp"


def damaged(folder):
    path = folder / "cat" / "1.png"
    path.write_bytes(path.read_bytes()[:40])


def empty(folder):
    (folder / "bird").mkdir()
    (folder / "bird" / "a.gif").touch()


def none(folder):
    for path in folder.rglob("*.png"):
        path.unlink()
    for path in folder.iterdir():
        path.rmdir()


CASES = {
    "damaged": (
        damaged,
        {},
        "@/cat/1.png is damaged, or no PNG, JPEG, WebP, BMP or PPM; replace it, or leave it out",
    ),
    "no image": (
        empty,
        {},
        "@/bird holds no images; remove it, or put images of its class there, whose names end in "
        + SUFFIXES,
    ),
    "two sizes": (
        lambda folder: save(folder / "dog" / "1.png", np.zeros((7, 5), np.uint8)),
        {},
        "@/dog/1.png has 7×5 pixels, and @/cat/0.png 6×5; give the size to squeeze all to, such as "
        "--size 28x28",
    ),
    "large": (
        lambda folder: save(folder / "cat" / "0.png", np.zeros((300, 200), np.uint8)),
        {},
        "@/cat/0.png has 300×200 pixels, much for a small FPGA; give the size to squeeze all to, "
        "such as --size 32x32",
    ),
    "loose": (
        lambda folder: save(folder / "a.png", GREY),
        {},
        "@ holds images beside folders, such as a.png; an image belongs into the folder of its "
        "class",
    ),
    "deep": (
        lambda folder: save(folder / "cat" / "white" / "a.png", GREY),
        {},
        "@/cat holds folders, such as white, where images of a class belong; sets for training and "
        "test are given one by one, by --data and --test-data",
    ),
    "nothing": (none, {}, "@ holds no images and no folders of images"),
    "no size": (
        lambda folder: None,
        {"size": "28"},
        "--size must be HEIGHTxWIDTH such as 28x28, not '28'",
    ),
    "size 0": (
        lambda folder: None,
        {"size": "0x28"},
        "--size must be HEIGHTxWIDTH such as 28x28, not '0x28'",
    ),
    "huge": (
        lambda folder: None,
        {"size": "9999x9999"},
        "6 images of 9999×9999 are too many for memory; give a smaller --size",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(folder, case):
    change, options, message = CASES[case]
    change(folder)
    with pytest.raises(DataError, match=f"^{re.escape(message.replace('@', str(folder)))}$"):
        Images.learn(folder, **options)


def test_another_size_than_in_training(folder):
    path = save(folder.parent / "a.png", np.zeros((7, 5), np.uint8))
    message = f"{path} has 7×5 pixels, not 6×5; resize it, or train with --size 6x5"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Images(6, 5, 1, False).read(path)
    assert Images(6, 5, 1, True).read(path).values.shape == (1, 6, 5, 1)


def test_one_image_is_no_training_data(folder):
    path = folder / "cat" / "0.png"
    message = f"{path} is one image; give a folder with a folder for each class"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Images.learn(path)
