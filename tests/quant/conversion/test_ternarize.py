import copy

import numpy as np
import pytest
import torch
from torch import nn

from threefold.network import Codes, Tensor
from threefold.quant import (
    WEIGHTS,
    Dataset,
    Norm,
    Quantize,
    TernaryConv,
    TernaryLinear,
    TrainConfig,
    export,
    require_equal,
    ternarize,
    train,
)

from .modules import MODULES, disturbed, random_module, real, values_of

READS = {"signal": "signals", "table": "vectors", "vectors": "vectors"}
LOGARITHMS = {"mnist": nn.LogSoftmax(1), "lenet": nn.Softmax(1)}


def made(name):
    torch.manual_seed(0)
    make, input, normalization = MODULES[name]
    return disturbed(make()), input, normalization


def require_close(values, expected):
    assert values.shape == expected.shape
    assert expected.std() > 0.01
    assert (values - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("start", [False, True], ids=["as is", "from images"])
@pytest.mark.parametrize("name", MODULES)
def test_the_float_twin_computes_what_the_module_does(name, start):
    module, input, normalization = made(name)
    images = values_of(input, 32)
    more = {"images": values_of(input, 16, seed=1)} if start else {}
    twin = ternarize(module, input, weights="float", **normalization, **more).eval()
    values = LOGARITHMS.get(name, nn.Identity())(twin(torch.from_numpy(images)).value)
    with torch.no_grad():
        expected = module(real(input, images, READS.get(name, "maps"), **normalization))
        require_close(values, expected)


@pytest.mark.parametrize("seed", range(30))
def test_the_float_twin_of_random_modules(seed):
    torch.manual_seed(seed)
    module, input = random_module(seed)
    images = values_of(disturbed(module, seed) and input, 32)
    twin = ternarize(module, input, weights="float").eval()
    with torch.no_grad():
        require_close(twin(torch.from_numpy(images)).value, module(real(input, images, "maps")))


def trained(module, input, **options):
    """After a pass over a few images of random classes."""
    model = ternarize(module, input, **options)
    labels = np.arange(24) % 3
    images = values_of(input, 24), labels
    data = Dataset("random", *images, *images, input)
    train(model, data, TrainConfig(epochs=1, batch=12))
    return model


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", MODULES)
def test_the_network_of_a_trained_model_equals_it(name):
    module, input, normalization = made(name)
    model = trained(module, input, **normalization)
    require_equal(model, export(model, name), values_of(input, 40, seed=2))


@pytest.mark.parametrize("seed", range(24))
def test_the_networks_of_random_modules_equal_their_models(seed):
    torch.manual_seed(seed)
    module, input = random_module(seed)
    weights = sorted(WEIGHTS)[seed % len(WEIGHTS)]
    options = {"bits": 1 + seed % 4, "weights": weights, "per_filter": seed % 3 == 0}
    model = trained(disturbed(module, seed), input, **options)
    require_equal(model, export(model, "random"), values_of(input, 40, seed=2))


def small(**options):
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(2, 3, 3, **options), nn.ReLU(), nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4)),
        *(nn.ReLU6(), nn.Flatten(), nn.Linear(36, 5)),
    )


SMALL = Tensor((6, 6, 2), Codes.unsigned(4))


def test_latent_weights_are_those_of_the_module():
    module = small()
    model = ternarize(module, SMALL, bits=3, weights="clip", per_filter=True)
    first, _, _, second, norm, six, _, last = model.layers
    assert torch.equal(first.weight, module[0].weight)
    assert torch.equal(second.weight, module[2].weight)
    order = module[6].weight.unflatten(1, (4, 9)).transpose(1, 2).flatten(1)
    assert torch.equal(last.weight, order)
    assert torch.equal(last.bias, module[6].bias)
    assert (first.quantizer.per_filter, last.quantizer.per_filter) == (True, False)
    assert torch.equal(norm.running_mean, -module[2].bias)
    assert (six.codes, six.clip, bool(six.started)) == (Codes.unsigned(3), 6, True)
    assert [type(layer) for layer in model.layers[:3]] == [TernaryConv, Norm, Quantize]


def test_what_is_learned_beside_the_weights_starts_from_them():
    module = small()
    module[6].weight.data.mul_(0.25)
    model = ternarize(module, SMALL, weights="binary")
    scale = model.layers[-1].quantizer.scale
    torch.testing.assert_close(scale.detach(), module[6].weight.abs().mean().detach())


def test_weights_of_1_and_above_are_scaled_to_where_gradients_reach_them():
    module = small()
    module[0].weight.data.mul_(100)
    model = ternarize(module, SMALL)
    largest = model.layers[0].weight.abs().max()
    assert 0.25 < largest <= 0.5
    model.train()(torch.from_numpy(values_of(SMALL, 8))).value.square().sum().backward()
    assert model.layers[0].weight.grad.all()


def test_norms_that_are_added_start_from_images():
    module, images = small().eval(), values_of(SMALL, 64)
    module[2], module[3] = nn.Conv2d(3, 4, 2), nn.Identity()
    with torch.no_grad():
        expected = module(real(SMALL, images, "maps"))
    batch, more = torch.from_numpy(images), {"weights": "float"}
    twin = ternarize(module, SMALL, images=images, **more)
    ternary = ternarize(module, SMALL, images=images)
    for layer, norm in zip(twin.layers, ternary.layers, strict=True):
        if isinstance(norm, Norm):
            assert torch.equal(norm.running_var, layer.running_var)
    assert twin.training
    require_close(twin(batch).value, expected)
    assert (ternarize(module, SMALL, **more)(batch).value - expected).abs().max() > 0.1


def test_the_module_is_left_alone():
    module = small().train().double()
    before = copy.deepcopy(module.state_dict())
    ternarize(module, SMALL)
    assert module.training
    assert all(torch.equal(before[key], tensor) for key, tensor in module.state_dict().items())


def test_a_classifier_that_is_a_convolution_gives_vectors():
    module = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 3, 4))
    model = ternarize(module, SMALL)
    images = torch.from_numpy(values_of(SMALL, 5))
    assert isinstance(model.layers[-1], TernaryLinear)
    assert model(images).codes.shape == (5, 3)
