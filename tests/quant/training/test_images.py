import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from threefold.network import Codes, Tensor
from threefold.quant import Dataset, digit_maps
from threefold.quant.data import ImageFiles
from threefold.quant.training.images import Images

CPU = torch.device("cpu")


def generator():
    return torch.Generator().manual_seed(0)


def test_arrays_are_drawn_by_index():
    dataset = digit_maps()
    images = Images(dataset, "none", CPU)
    assert len(images) == len(dataset.train_images)
    batch = images.draw(torch.tensor([5, 0, 5]), generator())
    assert batch.dtype == torch.uint8
    assert batch.tolist() == dataset.train_images[[5, 0, 5]].tolist()


def test_what_comes_from_beyond_the_edge_means_zero():
    dataset = digit_maps()
    codes = dataclasses.replace(dataset.input.element, offset=-3)
    dataset = dataclasses.replace(dataset, input=dataclasses.replace(dataset.input, element=codes))
    images = Images(dataset, "shift", CPU)
    whole = torch.zeros(1000, dtype=torch.int64)
    seen = images.draw(whole, generator())
    assert torch.equal(seen, images.draw(whole, generator()))
    corner = dataset.train_images[0].min()
    assert corner == 0
    assert (seen[:, 0] == 3).all(dim=(1, 2)).any()


@pytest.fixture
def datasets(tmp_path):
    """Digits as an array, and noise in files."""
    random, paths = np.random.default_rng(0), [tmp_path / f"{i}.png" for i in range(5)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(path)
    noise = (ImageFiles(paths, 8), np.arange(5))
    return digit_maps(), Dataset("noise", *noise, *noise, Tensor((8, 8, 3), Codes.unsigned(8)))


@pytest.mark.parametrize("augment", ["none", "crop_flip"])
@pytest.mark.parametrize("kind", [0, 1], ids=["array", "files"])
def test_a_part_is_what_it_is_among_all(datasets, augment, kind):
    images, batch = Images(datasets[kind], augment, CPU), torch.tensor([4, 0, 2, 3, 1])
    once, again = generator(), generator()
    whole = images.draw(batch, once)
    for part in (slice(1, None, 2), slice(0, None, 2), slice(7, None, 8)):
        drawn = images.draw(batch, again.manual_seed(0), part)
        assert torch.equal(drawn, whole[part])
        assert torch.equal(once.get_state(), again.get_state())
