import pytest
import torch

from threefold.quant import AUGMENTATIONS

ZERO = 7
IMAGE = torch.arange(100, 160, dtype=torch.uint8).reshape(6, 5, 2)
IMAGES = IMAGE.repeat(600, 1, 1, 1)


def changed(name, images=IMAGES, seed=0):
    return AUGMENTATIONS[name](images, ZERO, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_generator_alone_decides(name):
    images = IMAGES.clone()
    first = changed(name, images)
    assert torch.equal(images, IMAGES)
    assert torch.equal(first, changed(name))
    assert name == "none" or not torch.equal(first, changed(name, seed=1))
    assert first.shape == IMAGES.shape
    assert first.dtype == torch.uint8
    assert set(first.unique().tolist()) <= {ZERO, *IMAGES.unique().tolist()}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_one_image_of_any_size(name):
    for shape in ((1, 1, 1, 1), (1, 49, 10, 1), (2, 3, 8, 1)):
        images = torch.full(shape, ZERO, dtype=torch.uint8)
        assert torch.equal(changed(name, images), images)


def test_none_changes_nothing():
    assert changed("none") is IMAGES


def moved(image, rows, columns):
    """What the place (row, column) shows, if the image is padded by zeros."""
    result = torch.full_like(image, ZERO)
    height, width, _ = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row + rows < height and 0 <= column + columns < width:
                result[row, column] = image[row + rows, column + columns]
    return result


def key(image):
    return tuple(image.flatten().tolist())


@pytest.mark.parametrize(("name", "pad"), [("shift", 2), ("crop", 4)])
def test_every_shift_occurs_and_no_other(name, pad):
    reach = range(-pad, pad + 1)
    expected = {key(moved(IMAGE, rows, columns)) for rows in reach for columns in reach}
    assert {key(image) for image in changed(name)} == expected


def test_mirrored_shifts_occur_as_well():
    reach = range(-4, 5)
    both = (IMAGE, IMAGE.flip(1))
    expected = {key(moved(each, r, c)) for each in both for r in reach for c in reach}
    seen = {key(image) for image in changed("crop_flip", IMAGES.repeat(3, 1, 1, 1))}
    assert seen == expected


def late(image, frames):
    height = len(image)
    return image[[min(max(row + frames, 0), height - 1) for row in range(height)]]


def test_every_shift_in_time_occurs_and_no_other():
    image = torch.arange(20, dtype=torch.uint8).reshape(10, 2, 1)
    expected = {key(late(image, frames)) for frames in range(-5, 6)}
    assert {key(each) for each in changed("time_shift", image.repeat(300, 1, 1, 1))} == expected


def test_masks_are_up_to_eight_neighbouring_frames():
    image = torch.arange(100, 140, dtype=torch.uint8).reshape(20, 2, 1)
    shifts = {key(late(image, frames)) for frames in range(-5, 6)}
    lengths, firsts = set(), set()
    for each in changed("time_mask", image.repeat(3000, 1, 1, 1)):
        masked = (each == ZERO).all(dim=(1, 2))
        assert torch.equal(masked, (each == ZERO).any(dim=(1, 2)))
        places = masked.nonzero().flatten().tolist()
        lengths.add(len(places))
        firsts.update(places[:1])
        assert places == list(range(places[0], places[0] + len(places))) if places else True
        assert any(all(a in (b, ZERO) for a, b in zip(key(each), shift, strict=True))
                   for shift in shifts)  # fmt: skip
    assert lengths == set(range(9))
    assert firsts == set(range(20))
