import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threefold.quant import (
    Model,
    Norm,
    Quantize,
    TernaryLinear,
    accuracy,
    export,
    mlp,
    require_equal,
    trace,
)
from threefold.sim import golden

from threefold.errors import MismatchError, NetworkError
from threefold.network import Codes, Logits, Network, Tensor, load, save

PATTERN = r"TernaryLinear, Norm, Quantize in turns and a TernaryLinear at the end"


def test_every_code_of_every_layer_equals_golden_on_all_held_out_images(trained, dataset):
    network = export(trained, "digits")
    expected = golden.evaluate(network, dataset.test_images)
    codes = trace(trained, dataset.test_images)
    assert list(codes) == ["act1", "act2", "logits"]
    for name in codes:
        assert codes[name].shape == expected[name].shape
        assert np.array_equal(codes[name], expected[name])
        assert len(np.unique(codes[name])) > 3
    held_out = dataset.test_images, dataset.test_labels
    assert accuracy(trained, *held_out) == golden.accuracy(network, *held_out) > 0.9


def test_the_network_is_what_was_asked_for(trained, dataset):
    network = export(trained, "digits", {"seed": 0})
    assert [node.name for node in network.nodes] == ["fc1", "act1", "fc2", "act2", "fc3", "logits"]
    assert network.input == dataset.input
    assert network.provenance == {"seed": 0}
    assert [network.types[f"act{i}"].element for i in (1, 2)] == [Codes(3), Codes(3)]
    assert len(np.unique(network.nodes[-1].op.bias)) > 1


def test_export_survives_the_file_and_leaves_the_model_alone(trained, dataset, tmp_path):
    model = copy.deepcopy(trained).train()
    before = copy.deepcopy(model.state_dict())
    save(export(model, "digits"), tmp_path / "network.tern")
    assert model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    require_equal(model, load(tmp_path / "network.tern"), dataset.test_images[:50])


def awkward(seed, codes, power_of_two):
    """A model whose norms have every kind of slope, some rows without a weight, and ties."""
    random = torch.Generator().manual_seed(seed)
    model = mlp(Tensor((1, 2, 3), codes), [12, 9], 4, 2, seed=seed).eval()
    for layer in model.layers:
        for parameter in layer.parameters():
            parameter.requires_grad_(False)
        if isinstance(layer, TernaryLinear):
            layer.weight[0] = 0
            if power_of_two:
                layer.weight.copy_(layer.weight.sign() * (layer.weight.abs() > 0.2))
            if layer.bias is not None:
                layer.bias.copy_(torch.randn(4, generator=random))
        elif isinstance(layer, Norm):
            slopes = torch.tensor([0.0, 1.0, -1.0, 0.5, -2.0, 4.0, 1e-30])
            pick = torch.randint(0, len(slopes), (layer.channels,), generator=random)
            layer.weight.copy_(slopes[pick])
            layer.bias.copy_(torch.randint(-4, 5, (layer.channels,), generator=random) / 2)
            layer.running_var.fill_(1 - layer.eps)
            if power_of_two:
                layer.eps = 0.0
                layer.running_var.fill_(1)
        elif isinstance(layer, Quantize):
            layer.clip.fill_(3 * 2.0 ** float(torch.randint(-3, 2, (), generator=random)))
    return model


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.sampled_from([Codes.unsigned(3), Codes.signed(3), Codes.bipolar(), Codes.ternary()]),
    st.booleans(),
)
def test_awkward_models_equal_golden_too(seed, codes, power_of_two):
    model = awkward(seed, codes, power_of_two)
    images = np.random.default_rng(seed).integers(0, codes.max_code + 1, (64, 1, 2, 3))
    require_equal(model, export(model, "awkward"), images)


def test_a_disagreement_names_the_first_code(trained, dataset):
    network = export(trained, "digits")
    *ops, (last, logits) = [(node.name, node.op) for node in network.nodes]
    bias = logits.bias.copy()
    bias[4] += 1
    wrong = Network.chain("wrong", network.input, [*ops, (last, Logits(bias))])
    value = trace(trained, dataset.test_images)["logits"][0, 0, 0, 4]
    with pytest.raises(
        MismatchError,
        match=rf"^logits of image 0, channel 4: PyTorch gives {value}, golden {value + 1}$",
    ):
        require_equal(trained, wrong, dataset.test_images)


def chain(*layers, inputs=4):
    return Model(Tensor((1, 1, inputs), Codes.unsigned(8)), layers)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], f"0 layers do not end in a classifier; a network is exported from {PATTERN}"),
        (
            [TernaryLinear(4, 3), Norm(3), Quantize(2)],
            f"3 layers do not end in a classifier; a network is exported from {PATTERN}",
        ),
        (
            [TernaryLinear(4, 3), Quantize(2), TernaryLinear(3, 2)],
            f"layer 1 is Quantize, not Norm; a network is exported from {PATTERN}",
        ),
        (
            [TernaryLinear(4, 3), Norm(2), Quantize(2), TernaryLinear(3, 2)],
            "layer 1 normalizes 2 channels, but reads 3",
        ),
        ([TernaryLinear(5, 2)], "weights have 5 columns, which do not cover .*"),
        (
            [TernaryLinear(4, 3), Norm(3), Quantize(2), TernaryLinear(5, 2)],
            "node 'fc2': weights read 5 channels, but the input has 3",
        ),
    ],
)
def test_models_that_do_not_follow_the_pattern(layers, message):
    with pytest.raises(NetworkError, match=f"^{message}$"):
        export(chain(*layers), "bad")


def test_hidden_layers_have_no_bias():
    layers = [TernaryLinear(4, 3, bias=True), Norm(3), Quantize(2), TernaryLinear(3, 2)]
    with pytest.raises(
        NetworkError, match=r"^layer 0 has a bias, which belongs into the Norm after it$"
    ):
        export(chain(*layers), "bad")


def test_float_twins_are_not_exported():
    model = mlp(Tensor((1, 1, 4), Codes.unsigned(2)), [3], 2, 2, ternary=False)
    with pytest.raises(
        NetworkError,
        match=rf"^layer 0 is FloatLinear, not TernaryLinear; a network is exported from {PATTERN}$",
    ):
        export(model, "float")


def test_parameters_that_are_not_finite():
    model = chain(TernaryLinear(4, 2))
    with torch.no_grad():
        model.layers[0].weight[1, 2] = float("nan")
    with pytest.raises(
        NetworkError,
        match=r"^layers\.0\.weight is not finite everywhere; train again at a lower rate$",
    ):
        export(model, "bad")


def test_accumulators_beyond_single_precision():
    model = Model(Tensor((1, 1, 300), Codes.unsigned(16)), [TernaryLinear(300, 2)])
    with torch.no_grad():
        model.layers[0].weight.fill_(0.5)
    with pytest.raises(
        NetworkError,
        match=r"^accumulators of fc1 reach 19660500, but PyTorch is exact below 16777216 only; "
        r"use fewer inputs, fewer bits or a smaller bias$",
    ):
        export(model, "big")


def test_bias_beyond_single_precision():
    model = chain(TernaryLinear(4, 2, bias=True))
    with torch.no_grad():
        model.layers[0].bias.fill_(1e38)
    with pytest.raises(
        NetworkError,
        match=r"^accumulators of fc1 reach \d+, but PyTorch is exact below 16777216 only; "
        r"use fewer inputs, fewer bits or a smaller bias$",
    ):
        export(model, "big")
