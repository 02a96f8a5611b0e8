import re

import numpy as np
import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import Codes, Integers, Tensor
from threefold.quant import (
    FloatConv,
    FloatLinear,
    Kit,
    MaxPool,
    Model,
    PadChannels,
    Quantize,
    QuantizeLike,
    QuantTensor,
    Relu,
    Rescale,
    Residual,
    SumPool,
    TernaryConv,
    TernaryLinear,
    WeightQuantizer,
    lenet,
    mlp,
)
from threefold.quant.layers.tensor import integers

INPUT = Tensor((1, 2, 3), Codes.signed(3))
MAP = Tensor((10, 9, 2), Codes.unsigned(2))
KINDS = ("statistical", "float")


def test_ternary_and_float_have_one_shape_and_the_same_start():
    ternary, real = (mlp(INPUT, [7, 5], 4, Kit(2, kind, seed=3)) for kind in KINDS)
    require_twins(ternary, real)
    images = torch.randint(0, 8, (9, 1, 2, 3))
    assert ternary(images).codes.shape == real(images).codes.shape == (9, 4)


TWINS = {
    TernaryConv: FloatConv,
    TernaryLinear: FloatLinear,
    Quantize: Relu,
    QuantizeLike: Rescale,
}


def require_twins(ternary, real):
    layers = [each for each in ternary.modules() if not isinstance(each, WeightQuantizer)]
    for one, other in zip(layers, real.modules(), strict=True):
        assert type(other) is TWINS.get(type(one), type(one))
        if isinstance(one, TernaryLinear | TernaryConv):
            assert torch.equal(one.weight, other.weight)


def test_a_lenet_and_its_float_twin():
    ternary, real = (lenet(MAP, [4, 6, 8], 5, Kit(2, kind, seed=3)) for kind in KINDS)
    require_twins(ternary, real)
    images = torch.randint(0, 4, (9, 10, 9, 2))
    for model in (ternary, real):
        logits = model(images).value
        assert logits.shape == (9, 5)
        logits.square().sum().backward()
        assert all(parameter.grad.any() for parameter in model.parameters())


def residual(weights):
    kit = Kit(2, weights)
    body = kit.active(kit.conv(4, 4, 3, padding=1))[:2]
    layers = [
        *kit.active(kit.conv(2, 4, 3, padding=1)),
        kit.residual(body, []),
        *(SumPool(), kit.linear(4, 3, bias=True)),
    ]
    return Model(MAP, layers)


def test_residual_blocks_have_twins():
    ternary, real = (residual(kind) for kind in KINDS)
    require_twins(ternary, real)
    images = torch.randint(0, 4, (9, 10, 9, 2))
    for model in (ternary, real):
        model(images).value.square().sum().backward()
        assert all(parameter.grad.any() for parameter in model.parameters())
        assert model.eval()(images).value.isfinite().all()


@pytest.mark.parametrize(
    ("codes", "low"), [(None, 0.0), (Codes.unsigned(3), 0.0), (Codes.signed(3), -1.5)]
)
def test_activations_that_clip(codes, low):
    ternary, real = (Kit(3, kind).activation(codes, 1.5) for kind in KINDS)
    assert (ternary.clip, bool(ternary.started)) == (1.5, True)
    values = torch.linspace(-3, 3, 25)[:, None]
    x = QuantTensor(values, torch.ones(()), torch.zeros(()))
    assert real(x).codes.tolist() == values.clamp(low, 1.5).tolist()
    ternary.train()(x)
    assert ternary.clip == 1.5
    assert (ternary.eval()(x).value - real(x).value).abs().max() < 0.51


@pytest.mark.parametrize(
    ("shape", "kernel", "inputs"), [((28, 28, 1), 5, 4 * 4 * 6), ((8, 8, 3), 3, 2 * 2 * 6)]
)
def test_small_images_have_small_kernels(shape, kernel, inputs):
    model = lenet(Tensor(shape, Codes.unsigned(4)), [4, 6, 7], 10, Kit(2))
    convs = [layer for layer in model.layers if isinstance(layer, TernaryConv)]
    dense = [layer for layer in model.layers if isinstance(layer, TernaryLinear)]
    assert [conv.kernel for conv in convs] == [(kernel, kernel)] * 2
    assert [(layer.inputs, layer.outputs) for layer in dense] == [(inputs, 7), (7, 10)]


@pytest.mark.parametrize(
    ("shape", "widths", "message"),
    [
        ((8, 8, 1), [4], "a LeNet has at least 2 widths, not [4]"),
        ((8, 8, 1), [4, 0], "layers need at least 1 output, not [4, 0, 3]"),
        ((8, 3, 1), [4, 4], "a LeNet reads images of at least 4×4 pixels, not 8×3×1 codes 0…15"),
    ],
)
def test_impossible_lenets(shape, widths, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        lenet(Tensor(shape, Codes.unsigned(4)), widths, 3, Kit(2))


def test_the_seed_decides_the_start():
    weights = [mlp(INPUT, [4], 2, Kit(2, seed=seed)).layers[0].weight for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_codes_are_read_as_the_integers_they_mean():
    x = mlp(INPUT, [], 2, Kit(2)).read(torch.tensor([[[[0, 4, 7], [1, 2, 3]]]], dtype=torch.uint8))
    assert x.codes.tolist() == [[[[-4, -3]], [[0, -2]], [[3, -1]]]]
    assert x.value.abs().max() == 1


def test_images_of_any_integer_type_and_layout():
    model = mlp(INPUT, [8], 3, Kit(2)).eval()
    images = np.arange(12).reshape(2, 1, 2, 3) % 8
    expected = model(integers(images)).codes
    for array in (images.astype(np.uint8), images.astype(np.uint16), images[::-1].copy()[::-1]):
        assert torch.equal(model(integers(array)).codes, expected)


def test_every_layer_computes_on_integers():
    model = mlp(INPUT, [8, 8], 3, Kit(2))
    x = model.read(torch.randint(0, 8, (16, 1, 2, 3)))
    for layer in model.layers:
        x = layer(x)
        assert torch.equal(x.codes, x.codes.floor())


def test_impossible_models():
    with pytest.raises(TrainingError, match=r"^layers need at least 1 output, not \[8, 0, 3\]$"):
        mlp(INPUT, [8, 0], 3, Kit(2))
    with pytest.raises(TrainingError, match=r"^a model reads codes, not integers 0…1$"):
        mlp(Tensor((1, 1, 4), Integers(0, 1)), [8], 3, Kit(2))


PADDED = {
    "layers.2": lambda: [
        *(TernaryConv(2, 4, 3), Quantize(Codes.bipolar())),
        TernaryConv(4, 4, 3, padding=(0, 1)),
    ],
    "layers.3": lambda: [
        *(TernaryConv(2, 4, 3), Quantize(Codes.bipolar()), MaxPool(2, 1, 1)),
        TernaryConv(4, 4, 3, padding=1, groups=4),
    ],
    "layers.2.body.2": lambda: [
        *(TernaryConv(2, 4, 3), Quantize(2)),
        Residual(
            [TernaryConv(4, 4, 1), Quantize(Codes.bipolar()), TernaryConv(4, 4, 3, padding=1)]
        ),
    ],
}


@pytest.mark.parametrize("path", PADDED)
def test_padding_needs_zeros(path):
    message = (
        f"{path} (TernaryConv) pads with zeros, but codes 0…1 = -1…1 by 2 have none; use unsigned "
        "or ternary ones, or a network without padding"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        Model(MAP, PADDED[path]())


def test_added_channels_need_zeros():
    message = (
        "layers.0.shortcut.0 (PadChannels) pads with zeros, but codes 0…1 = -1…1 by 2 have none; "
        "use unsigned or ternary ones, or a network without padding"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        Model(Tensor((6, 5, 2), Codes.bipolar()), [Residual([], [PadChannels(1, 1)])])


def test_float_layers_and_ternary_codes_can_be_padded():
    for codes, weights in ((Codes.bipolar(), "float"), (Codes.ternary(), "statistical")):
        lenet(Tensor((8, 8, 1), Codes.signed(8)), [4, 6], 5, Kit(codes, weights))


def test_bipolar_activations_of_a_kit_may_be_tight():
    kit = Kit(Codes.bipolar(), tight=True)
    assert kit.activation().tight
    assert kit.residual([], []).quantize.tight
    assert not kit.activation(Codes.signed(3)).tight
    assert not Kit(Codes.bipolar()).activation().tight
