import re

import numpy as np
import pytest
import torch

from threefold.errors import NetworkError
from threefold.network import Codes, Tensor, load, save
from threefold.plan import Folding, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.quant import (
    Expanded,
    Flatten,
    LearnedStep,
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
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from .random_models import images_of

MAP = Tensor((4, 3, 2), Codes.unsigned(3))


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


def ops_of(network):
    return {node.name: node.op for node in network.nodes}


def test_a_layer_has_the_integers_of_its_quantizer():
    model = convolutional(THREE)
    network = export(model, "three", argmax=True)
    names = ["conv1", "act1", "pool1", "fc1", "logits", "argmax"]
    assert list(ops_of(network)) == names
    kernel = model.layers[0].integers(torch.tensor(1.0))[0].detach().numpy()
    assert abs(kernel).max() == 3
    signs = np.where(np.arange(4) % 2, -1, 1)[:, None, None, None]  # slopes that fall
    conv = ops_of(network)["conv1"]
    assert np.array_equal(conv.weights, (kernel * signs).transpose(0, 2, 3, 1))
    assert (conv.bits, ops_of(network)["fc1"].bits) == (3, 3)


@pytest.mark.parametrize(
    ("branches", "bits"), [([(0.1, 1)], 2), (TWO, 3), (THREE, 3), (FIVE, 4), ([(0.1, 16)], 6)]
)
def test_the_width_is_that_of_all_branches(branches, bits):
    model = convolutional(branches)
    model.layers[0].weight.data.zero_()
    assert ops_of(export(model, "few"))["conv1"].bits == bits


def stepped(*bits):
    """A model of layers of these widths."""
    first, second, third = (
        LearnedStep(each, per_filter=not index) for index, each in enumerate(bits)
    )
    return made(
        *(TernaryConv(2, 4, 3, padding=1, weights=first), Norm(4), Quantize(Codes.signed(3))),
        *(TernaryConv(4, 4, 2, groups=2, weights=second), Norm(4), Quantize(2)),
        TernaryLinear(24, 3, bias=True, weights=third),
    )


@pytest.mark.parametrize("bits", [(8, 2, 7), (3, 4, 5), (6, 8, 3)])
def test_integers_with_a_step_have_the_width_that_was_asked_for(bits, tmp_path):
    model = stepped(*bits)
    save(export(model, "mixed"), tmp_path / "mixed.tern")
    network = load(tmp_path / "mixed.tern")
    convs = [op for op in ops_of(network).values() if hasattr(op, "weights")]
    assert tuple(op.bits for op in convs) == bits
    assert all(abs(op.weights).max() > 2 ** (op.bits - 2) - 1 for op in convs)


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
    "steps": lambda: stepped(4, 2, 3),
    "wide steps": lambda: stepped(8, 6, 5),
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


@pytest.mark.parametrize("make", [lambda: convolutional(THREE), lambda: stepped(8, 3, 4)])
def test_pruned_weights_are_none(make):
    model = make()
    model.layers[0].mask[1, :, 0] = False
    network = export(model, "pruned")
    weights = ops_of(network)["conv1"].weights
    assert not weights[1, 0].any()
    assert weights[1, 1].any()
    require_equal(model, network, images_of(model, 50))


def test_errors_name_the_layer():
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
