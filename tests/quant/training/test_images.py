import dataclasses

import torch
from threefold.quant import digit_maps
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
