import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import NetworkError
from threefold.network import Codes, Tensor, load, save
from threefold.plan import Folding, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.quant import (
    Expanded,
    Flatten,
    MaxPool,
    Model,
    Norm,
    Quantize,
    SumPool,
    TernaryConv,
    TernaryLinear,
    export,
    require_equal,
)
from threefold.quant.deploy import passes
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from .random_models import images_of

MAP = Tensor((4, 3, 2), Codes.unsigned(3))

matrices = st.integers(1, 6).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(-5, 5), min_size=columns, max_size=columns), min_size=1, max_size=5
    ).map(np.array)
)


@given(matrices)
def test_passes_add_up_to_the_weights(weights):
    parts = passes(weights)
    assert np.array_equal(sum(part.astype(int) for part in parts), weights)
    assert len(parts) == max(1, abs(weights).max())
    for part in parts:
        assert part.dtype == np.int8
        assert set(np.unique(part)) <= {-1, 0, 1}


@given(matrices)
def test_later_passes_are_the_sparser(weights):
    parts = passes(weights)
    for before, after in pairwise(parts):
        assert not after[before == 0].any()
    assert [np.count_nonzero(part) for part in parts[1:]] == [
        np.count_nonzero(abs(weights) > level) for level in range(1, len(parts))
    ]


@given(matrices, st.integers(0, 1000))
def test_sums_of_passes_are_those_of_the_weights(weights, seed):
    inputs = np.random.default_rng(seed).integers(-128, 128, (weights.shape[1], 7))
    assert np.array_equal(sum(part @ inputs for part in passes(weights)), weights @ inputs)


def test_no_weights_at_all_take_one_pass():
    assert [part.tolist() for part in passes(np.zeros((1, 2)))] == [[[0, 0]]]


def expanded(*branches, per_filter=False):
    return Expanded(*zip(*branches, strict=True), per_filter=per_filter)


TWO = [(0.1, 1), (0.4, 1)]
THREE = [(0.1, 2), (0.4, 1)]
FIVE = [(0.1, 1), (0.3, 3), (0.6, 1)]


def made(*layers, input=MAP):
    """A model whose norms have seen images, with slopes of either sign."""
    torch.manual_seed(0)
    model = Model(input, layers)
    model.train()(torch.from_numpy(images_of(model, 16, seed=1)))
    for layer in model.modules():
        if isinstance(layer, Norm):
            layer.weight.data.copy_((-1.0) ** torch.arange(layer.channels))
            layer.bias.data.normal_()
    return model.eval()


def convolutional(branches):
    conv = TernaryConv(2, 4, 3, padding=1, weights=expanded(*branches))
    dense = TernaryLinear(8, 3, bias=True, weights=expanded(*TWO))
    dense.bias.data.normal_()
    return made(conv, Norm(4), Quantize(2), MaxPool((2, 3)), dense)


def nodes_of(network):
    return {node.name: node.inputs for node in network.nodes}


def test_a_layer_reads_copies_of_its_input():
    network = export(convolutional(TWO), "two", argmax=True)
    assert nodes_of(network) == {
        "conv1_x2": ("input", "input"),
        "conv1": ("conv1_x2",),
        "act1": ("conv1",),
        "pool1": ("act1",),
        "fc1_x2": ("pool1", "pool1"),
        "fc1": ("fc1_x2",),
        "logits": ("fc1",),
        "argmax": ("logits",),
    }
    assert network.nodes[1].op.weights.shape == (4, 3, 3, 4)
    assert network.nodes[5].op.weights.shape == (3, 2, 1, 8)


def test_weights_of_the_passes_follow_each_other_in_every_pixel():
    model = convolutional(THREE)
    network = export(model, "three")
    kernel = model.layers[0].integers(torch.tensor(1.0))[0].detach().numpy()
    op = network.nodes[2].op
    signs = np.where(np.arange(4) % 2, -1, 1)[:, None, None, None]  # slopes that fall
    assert abs(kernel).max() == 3
    for index, part in enumerate(passes(kernel * signs)):
        expected = part.transpose(0, 2, 3, 1)
        assert np.array_equal(op.weights[..., 2 * index : 2 * index + 2], expected)


@pytest.mark.parametrize(
    ("branches", "copies"),
    [
        (FIVE, {"x2": ("input", "input"), "x4": ("x2", "x2"), "x5": ("x4", "input")}),
        (THREE, {"x2": ("input", "input"), "x3": ("x2", "input")}),
        ([(0.1, 1)], {}),
    ],
)
def test_copies_are_made_of_copies(branches, copies):
    network = export(convolutional(branches), "copies")
    nodes = [node for node in nodes_of(network).items() if node[0].startswith("conv1_")]
    named = [
        (f"conv1_{name}", tuple(each.replace("x", "conv1_x") for each in inputs))
        for name, inputs in copies.items()
    ]
    assert nodes == named


@pytest.mark.parametrize(("weight", "first"), [(0.5, "conv1_x2"), (-0.5, "conv1"), (0, "conv1")])
def test_a_layer_takes_no_more_passes_than_its_weights(weight, first):
    model = convolutional([(0.1, 1), (1.0, 1)])  # −max|w| is not below the second threshold
    model.layers[0].weight.data.fill_(weight)
    assert next(iter(nodes_of(export(model, "few")))) == first


MODELS = {
    "convolution": lambda: convolutional(THREE),
    "five": lambda: convolutional(FIVE),
    "strides": lambda: made(
        TernaryConv(2, 4, (3, 2), stride=(2, 1), padding=(1, 0, 2, 1), weights=expanded(*TWO)),
        *(Norm(4), Quantize(2), SumPool(), TernaryLinear(4, 3, weights=expanded(*THREE))),
    ),
    "per filter": lambda: made(
        TernaryConv(2, 4, 2, weights=expanded(*THREE, per_filter=True)),
        *(Norm(4), Quantize(Codes.signed(3)), TernaryConv(4, 3, (3, 2), weights=expanded(*TWO))),
    ),
    "dense over maps": lambda: made(TernaryLinear(24, 3, bias=True, weights=expanded(*THREE))),
    "dense over vectors": lambda: made(
        *(Flatten(), TernaryLinear(24, 4, weights=expanded(*THREE)), Norm(4)),
        *(Quantize(Codes.ternary()), TernaryLinear(4, 3, bias=True, weights=expanded(*TWO))),
    ),
    "bipolar": lambda: made(
        TernaryConv(2, 4, 2, weights=expanded(*TWO)), Norm(4), Quantize(Codes.bipolar()),
        TernaryConv(4, 4, 2, groups=2, weights=expanded(*TWO)), Norm(4), Quantize(2), SumPool(),
        TernaryLinear(4, 3, bias=True, weights=expanded(*TWO)),
    ),
    "groups": lambda: made(
        TernaryConv(4, 6, 3, padding=1, groups=2, weights=expanded(*THREE)), Norm(6), Quantize(2),
        TernaryLinear(72, 3), input=Tensor((4, 3, 4), Codes.signed(3)),
    ),
    "depthwise": lambda: made(
        TernaryConv(2, 2, 3, padding=1, groups=2, weights=expanded(*THREE, per_filter=True)),
        Norm(2), Quantize(2), TernaryConv(2, 3, (4, 3), weights=expanded(*TWO)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_code_equals_golden(name, tmp_path):
    model = MODELS[name]()
    save(export(model, "expanded"), tmp_path / "expanded.tern")
    network = load(tmp_path / "expanded.tern")
    images = images_of(model, 200)
    require_equal(model, network, images)
    assert len(np.unique(golden.run(network, images))) > 4


def test_copies_of_a_group_lie_side_by_side():
    network = export(MODELS["groups"](), "groups")
    assert list(nodes_of(network)) == ["conv1_pick", "conv1_x3", "conv1", "act1", "fc1", "logits"]
    assert network.types["conv1_x3"].element == network.input.element
    images = np.arange(4) + np.zeros((1, 4, 3, 1), int)
    copies = golden.evaluate(network, images)["conv1_x3"]
    assert copies[0, 0, 0].tolist() == [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3]


def folded(network, rng):
    """A plan in which each array is a part of the rows and of the columns, by chance."""
    foldings = {}
    for layer in (step for step in lower(network) if isinstance(step, ConvLayer)):
        sizes = [Folding(pe, simd) for pe in range(1, 7) for simd in range(1, 13)]
        foldings[layer.name] = rng.choice([size for size in sizes if size.divides(layer)])
    return fold(network, foldings)


@pytest.mark.parametrize("name", MODELS)
def test_hardware_equals_golden(name):
    model = MODELS[name]()
    network = export(model, "expanded")
    plan = folded(network, np.random.default_rng(0))
    images = images_of(model, 3)
    expected = golden.run(network, images).reshape(3, -1)
    bench = AcceleratorBench(plan)
    assert np.array_equal(bench.run(images).outputs, expected)
    assert np.array_equal(bench.run(images, stalls=0.4).outputs, expected)


def test_pruned_filters_leave_no_weights_in_any_pass():
    model = convolutional(THREE)
    model.layers[0].mask[1, :, 0] = False
    network = export(model, "pruned")
    assert not network.nodes[2].op.weights[1, 0].any()
    assert network.nodes[2].op.weights[1, 1].any()
    require_equal(model, network, images_of(model, 50))


def test_errors_speak_of_the_layer_and_not_of_copies():
    model = Model(MAP, [TernaryConv(3, 4, 1, weights=expanded(*TWO)), TernaryLinear(48, 2)])
    message = "node 'conv1': weights read 3 channels, but the input has 2"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        export(model, "bad")


def test_accumulators_of_several_levels_are_exact_or_refused():
    model = Model(
        Tensor((1, 1, 200), Codes.unsigned(16)),
        [TernaryLinear(200, 2, weights=expanded((0.1, 1), (0.2, 1)))],
    )
    with torch.no_grad():
        model.layers[0].weight.fill_(0.5)
    message = (
        "accumulators of fc1 reach 26214000, but PyTorch is exact below 16777216 only; "
        "use fewer inputs, fewer bits or a smaller bias"
    )
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        export(model, "big")


def test_more_passes_than_levels_are_empty():
    first, *rest = passes(np.array([1, 0, -1]), least=3)
    assert first.tolist() == [1, 0, -1]
    assert [each.tolist() for each in rest] == [[0, 0, 0]] * 2
    assert len(passes(np.array([2]), least=1)) == 2
