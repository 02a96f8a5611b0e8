import numpy as np
import pytest
import torch
from threefold.quant import FloatLinear, Quantize, Relu, TernaryLinear, mlp
from threefold.quant.tensor import integers

from threefold.errors import TrainingError
from threefold.network import Codes, Integers, Tensor

INPUT = Tensor((1, 2, 3), Codes.signed(3))


def test_ternary_and_float_have_one_shape_and_the_same_start():
    ternary, real = (mlp(INPUT, [7, 5], 4, 2, ternary=kind, seed=3) for kind in (True, False))
    kinds = {TernaryLinear: FloatLinear, Quantize: Relu}
    for one, other in zip(ternary.layers, real.layers, strict=True):
        assert type(other) is kinds.get(type(one), type(one))
        if isinstance(one, TernaryLinear):
            assert torch.equal(one.weight, other.weight)
    images = torch.randint(0, 8, (9, 1, 2, 3))
    assert ternary(images).codes.shape == real(images).codes.shape == (9, 4)


def test_the_seed_decides_the_start():
    weights = [mlp(INPUT, [4], 2, 2, seed=seed).layers[0].weight for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_codes_are_read_as_the_integers_they_mean():
    x = mlp(INPUT, [], 2, 2).read(torch.tensor([[[[0, 4, 7], [1, 2, 3]]]], dtype=torch.uint8))
    assert x.codes.tolist() == [[[[-4, -3]], [[0, -2]], [[3, -1]]]]
    assert x.value.abs().max() == 1


def test_images_of_any_integer_type_and_layout():
    model = mlp(INPUT, [8], 3, 2).eval()
    images = np.arange(12).reshape(2, 1, 2, 3) % 8
    expected = model(integers(images)).codes
    for array in (images.astype(np.uint8), images.astype(np.uint16), images[::-1].copy()[::-1]):
        assert torch.equal(model(integers(array)).codes, expected)


def test_every_layer_computes_on_integers():
    model = mlp(INPUT, [8, 8], 3, 2)
    x = model.read(torch.randint(0, 8, (16, 1, 2, 3)))
    for layer in model.layers:
        x = layer(x)
        assert torch.equal(x.codes, x.codes.floor())


def test_impossible_models():
    with pytest.raises(TrainingError, match=r"^layers need at least 1 output, not \[8, 0, 3\]$"):
        mlp(INPUT, [8, 0], 3, 2)
    with pytest.raises(TrainingError, match=r"^a model reads codes, not integers 0…1$"):
        mlp(Tensor((1, 1, 4), Integers(0, 1)), [8], 3, 2)
