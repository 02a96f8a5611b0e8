import re

import numpy as np
import pytest
import torch
from PIL import Image

from threefold.errors import DataError
from threefold.quant import TrainConfig, accuracy, build, export, load_dataset, require_equal, train
from threefold.quant.data import imagenet

CLASSES = {"dark": (0, 90), "light": (160, 256)}


@pytest.fixture
def folder(tmp_path):
    """A dozen small images of two classes, half of them held out."""
    random = np.random.default_rng(0)
    for part in ("train", "val"):
        for name, (lo, hi) in CLASSES.items():
            place = tmp_path / part / name
            place.mkdir(parents=True)
            for number in range(3):
                pixels = random.integers(lo, hi, (12 + number, 15, 3), np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.{'PNG' if number else 'png'}")
    return tmp_path


def test_folders_are_classes(folder):
    (folder / "train" / "dark" / "notes.txt").touch()
    dataset = load_dataset("imagenet", folder)
    assert str(dataset.input) == "224×224×3 codes 0…255 = -128…127"
    assert dataset.names == ("dark", "light")
    assert dataset.train_labels.tolist() == dataset.test_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.train_images.shape == (6, 224, 224, 3)
    assert dataset.test_images[4].min() >= 160
    assert len(dataset.digest()) == 64
    assert dataset.digest() != imagenet(folder, 32).digest()


CONFIG = TrainConfig("imagenet", network="lenet", widths=(4, 4), bits=2, epochs=3, batch=4)


def test_training_reads_batches_and_goes_on_where_it_stopped(folder, tmp_path):
    dataset = imagenet(folder, 8)
    whole = build(CONFIG, dataset)
    losses = train(whole, dataset, CONFIG)
    path = tmp_path / "checkpoint.pt"

    def stop(done, loss):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(build(CONFIG, dataset), dataset, CONFIG, checkpoint=path, on_epoch=stop)
    model = build(CONFIG, dataset)
    assert train(model, dataset, CONFIG, checkpoint=path) == losses
    for ours, theirs in zip(model.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    share = accuracy(model, dataset.test_images, dataset.test_labels)
    assert share == accuracy(model, dataset.test_images[:], dataset.test_labels)
    require_equal(model, export(model, "photographs"), dataset.test_images)


def refused(folder, message, **options):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        imagenet(folder, **options)


def test_folders_that_are_missing(tmp_path):
    (tmp_path / "train").mkdir()
    refused(
        tmp_path,
        f"imagenet is read from files, but {tmp_path} has no val; get train, val from "
        "https://image-net.org/download-images, a folder for each class in both, and give their "
        "folder as --data-dir FOLDER",
    )
    (tmp_path / "val").mkdir()
    message = f"{tmp_path / 'train'} has no folders; put the images of each class into one"
    refused(tmp_path, message)


def test_a_class_without_images(folder):
    for path in (folder / "val" / "light").iterdir():
        path.unlink()
    place = folder / "val" / "light"
    refused(folder, f"{place} has no images (.jpeg, .jpg, .png); add some or remove it")


def test_a_class_that_is_held_out_only(folder):
    (folder / "val" / "light").rename(folder / "val" / "lamp")
    val, train = folder / "val", folder / "train"
    refused(folder, f"{val} has class 'lamp', which {train} lacks; remove it")


def test_a_size_that_is_none(folder):
    refused(folder, "images need at least 1 row and column, not 0", size=0)
