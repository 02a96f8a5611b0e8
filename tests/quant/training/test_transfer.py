import re

import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import Kit, mlp, transfer

INPUT = Tensor((1, 1, 5), Codes.unsigned(2))


def model(bits=2, weights="statistical", widths=(6,), seed=0, **options):
    return mlp(INPUT, widths, 3, Kit(bits, weights, seed=seed, **options))


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


@pytest.mark.parametrize("weights", ["tga", "clip", "binary", "int"])
def test_what_another_quantizer_learns_starts_from_the_weights(weights):
    source, target = trained(model(weights="float")), model(weights=weights, seed=1)
    with torch.no_grad():
        source.layers[0].weight.mul_(3)
    transfer(source, target)
    fresh = model(weights=weights)
    fresh.layers[0].load_state_dict(source.layers[0].state_dict(), strict=False)
    fresh.layers[0].restart()
    (learned,), (expected,) = (
        list(each.layers[0].quantizer.parameters()) for each in (target, fresh)
    )
    assert torch.equal(learned, expected)
    again = model(weights=weights, seed=2)
    learned.data.mul_(2)
    transfer(target, again)
    assert torch.equal(next(again.layers[0].quantizer.parameters()), learned)


@pytest.mark.parametrize(("bits", "same"), [(4, True), (3, False)])
def test_a_step_starts_anew_where_the_width_is_another(bits, same):
    source = trained(model(weights="int", weight_bits=4))
    source.layers[0].quantizer.gain.data.fill_(2)
    target = model(weights="int", weight_bits=bits, seed=1)
    transfer(source, target)
    quantizer = target.layers[0].quantizer
    assert quantizer.gain == (2 if same else 1)
    fresh = model(weights="int", weight_bits=bits)
    fresh.layers[0].weight.data.copy_(source.layers[0].weight)
    fresh.layers[0].mask.copy_(source.layers[0].mask)
    fresh.layers[0].restart()
    expected = source if same else fresh
    assert torch.equal(quantizer.unit, expected.layers[0].quantizer.unit)
