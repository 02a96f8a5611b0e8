import copy
import re
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from threefold.errors import MismatchError, NetworkError
from threefold.network import Codes, Logits, Network, Tensor, load, save
from threefold.quant import (
    WEIGHTS,
    Binary,
    Kit,
    MaxPool,
    Model,
    Norm,
    Quantize,
    QuantizeLike,
    Residual,
    TernaryConv,
    TernaryLinear,
    accuracy,
    export,
    mlp,
    require_equal,
    trace,
    train,
)
from threefold.sim import golden

END = "a network is exported from a model that ends in TernaryLinear or TernaryConv, not in"


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


def awkward(seed, codes, power_of_two, kit):
    """A model whose norms have every kind of slope, some rows without a weight, and ties."""
    random = torch.Generator().manual_seed(seed)
    model = mlp(Tensor((1, 2, 3), codes), [12, 9], 4, kit).eval()
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
    st.sampled_from(list(WEIGHTS)),
    st.booleans(),
)
def test_awkward_models_equal_golden_too(seed, codes, power_of_two, weights, per_filter):
    kit = Kit(2, weights, per_filter=per_filter, seed=seed)
    model = awkward(seed, codes, power_of_two, kit)
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
        match=r"^'logits' of PyTorch differs from the golden model: image 0, pixel \(0, 0\), "
        rf"channel 4 is {value}, not {value + 1}$",
    ):
        require_equal(trained, wrong, dataset.test_images)


def chain(*layers, inputs=4):
    return Model(Tensor((1, 1, inputs), Codes.unsigned(8)), layers)


def falling():
    norm = Norm(4)
    with torch.no_grad():
        norm.weight[2], norm.bias[2] = -1, 1
    return norm


SHARED = TernaryLinear(4, 4)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], f"{END} nothing"),
        ([TernaryLinear(4, 3), Norm(3), Quantize(2)], f"{END} Quantize"),
        (
            [TernaryLinear(4, 3), TernaryLinear(3, 2)],
            "layers.1 (TernaryLinear) reads codes; put a Quantize in front of it",
        ),
        (
            [TernaryLinear(4, 3), Norm(3), TernaryLinear(3, 2)],
            "layers.2 (TernaryLinear) reads codes; put a Quantize in front of it",
        ),
        (
            [TernaryLinear(4, 3), MaxPool(1), TernaryLinear(3, 2)],
            "layers.1 (MaxPool) reads codes; put a Quantize in front of it",
        ),
        (
            [TernaryLinear(4, 3), Norm(2), Quantize(2), TernaryLinear(3, 2)],
            "layers.1 normalizes 2 channels, but reads 3",
        ),
        (
            [TernaryLinear(5, 2)],
            "node 'fc1': weights have 5 columns, which do not cover (1, 1, 4)",
        ),
        (
            [TernaryConv(5, 3, 1), Quantize(2), TernaryLinear(3, 2)],
            "node 'conv1': weights read 5 channels, but the input has 4",
        ),
        (
            [TernaryLinear(4, 3, bias=True), Norm(3), Quantize(2), TernaryLinear(3, 2)],
            "layers.0 has a bias, which belongs in the Norm after it",
        ),
        (
            [nn.Sequential(nn.Flatten()), TernaryLinear(4, 2)],
            "layers.0.0 is Flatten, which no network has; a network is made of TernaryConv, "
            "TernaryLinear, Quantize, QuantizeLike, Residual, Concat, Norm, MaxPool, SumPool, "
            "Flatten, PadChannels",
        ),
        (
            [TernaryLinear(4, 2, weights=Binary(per_filter=True))],
            "layers.0 has a scale for each filter, but logits are compared with each other; give "
            "it one for the layer",
        ),
        (
            [QuantizeLike(Codes(3)), TernaryLinear(4, 2)],
            "layers.0 is QuantizeLike, which belongs in a Residual or Concat",
        ),
        (
            [SHARED, Quantize(2), SHARED, Quantize(2), TernaryLinear(4, 2)],
            "layers.2 is the layer of fc1 again; use a copy of it",
        ),
        (
            [falling(), Quantize(2), TernaryLinear(4, 2)],
            "layers.1 falls where its codes rise, in channel 2; put a layer with weights in "
            "front of the Norm",
        ),
        (
            [Residual([Quantize(2)]), TernaryLinear(4, 2)],
            "the branches of layers.0 need one scale; give it a QuantizeLike",
        ),
        (
            [Residual([], [TernaryLinear(4, 4)], QuantizeLike(Codes(3))), TernaryLinear(4, 2)],
            "layers.0 (Residual) reads codes; put a Quantize in front of it",
        ),
    ],
)
def test_models_that_no_network_is_made_of(layers, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        export(chain(*layers), "bad")


def test_float_twins_are_not_exported():
    model = mlp(Tensor((1, 1, 4), Codes.unsigned(2)), [3], 2, Kit(2, "float"))
    with pytest.raises(
        NetworkError,
        match=r"^layers\.0 is FloatLinear, which no network has; a network is made of .*$",
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


@pytest.mark.parametrize(("variance", "eps"), [(0.0, 0.0), (-1.0, 1e-5)])
def test_a_norm_that_makes_no_number(variance, eps):
    norm = Norm(3, eps=eps)
    norm.running_var[1] = variance
    model = chain(TernaryLinear(4, 3), norm, Quantize(2), TernaryLinear(3, 2))
    message = (
        f"layers.1 makes no number of channel 1: variance {variance:g} and eps {eps:g} "
        "are not above 0 in sum; train again"
    )
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        export(model, "bad")


@pytest.mark.parametrize("wrap", [nn.DataParallel, partial(torch.compile, backend="eager")])
def test_wrapped_models(trained, dataset, wrap):
    network = export(wrap(trained), "digits")
    assert network == export(trained, "digits")
    require_equal(wrap(trained), network, dataset.test_images[:50])
    images, labels = dataset.test_images[:50], dataset.test_labels[:50]
    assert accuracy(wrap(trained), images, labels) == accuracy(trained, images, labels)


@pytest.mark.parametrize("use", [export, require_equal, trace, accuracy, train])
def test_models_of_another_precision_or_kind(use):
    arguments = {export: ["net"], trace: [None], accuracy: [[], []]}.get(use, [None, None])
    model = chain(TernaryLinear(4, 2)).double()
    message = (
        "layers.0.weight is in float64, not in single precision; convert the module by .float()"
    )
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        use(model, *arguments)
    ways = {
        "quant.ternarize(module, input)": nn.Linear,
        "quant.Model(input, layers)": TernaryLinear,
    }
    for way, kind in ways.items():
        message = f"a model of threefold.quant is wanted, not {kind.__name__}; {way} makes one"
        with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
            use(kind(4, 2), *arguments)


def test_the_class_of_a_single_output_is_0():
    model = chain(TernaryLinear(4, 1, bias=True))
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 1, 4))
    network = export(model, "one")
    assert require_equal(model, network, images)[None].tolist() == [0] * 20
    labels = np.zeros(20, int)
    assert golden.accuracy(network, images, labels) == accuracy(model, images, labels) == 1.0


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
