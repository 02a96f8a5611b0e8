import re

import pytest
import torch
from threefold.quant import Kit, mlp, transfer

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor

INPUT = Tensor((1, 1, 5), Codes.unsigned(2))


def model(bits=2, weights="statistical", widths=(6,), seed=0):
    return mlp(INPUT, widths, 3, Kit(bits, weights, seed=seed))


def trained(source):
    source.train()(torch.randint(0, 4, (16, 1, 1, 5)))
    source.layers[0].mask[2] = False
    return source


def test_weights_masks_and_norms_come_along_whatever_the_kind():
    for source in (trained(model(weights="float")), trained(model(bits=4))):
        target = model(seed=1)
        transfer(source, target)
        learned, its = source.state_dict(), target.state_dict()
        for key in ("layers.0.weight", "layers.0.mask", "layers.1.running_mean", "layers.3.bias"):
            assert torch.equal(learned[key], its[key]), key


def test_activations_of_a_float_network_start_with_the_first_batch():
    target = model(seed=1)
    transfer(trained(model(weights="float")), target)
    assert not target.layers[2].started
    transfer(trained(model(bits=4)), target)
    assert target.layers[2].started
    assert target.layers[2].clip != 1


def test_another_shape_is_refused():
    message = "a model starts from one of its own shape, which layers.0 is not of"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        transfer(model(widths=(7,)), model())
