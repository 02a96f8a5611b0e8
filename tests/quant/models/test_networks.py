from itertools import groupby

import numpy as np
import pytest
import torch

from threefold.network import Codes, Tensor
from threefold.quant import (
    NETWORKS,
    WIDTHS,
    FloatConv,
    FloatLinear,
    Identity,
    Kit,
    Quantize,
    QuantizeLike,
    Relu,
    Rescale,
    SumPool,
    TernaryConv,
    TernaryLinear,
    WeightQuantizer,
    export,
    require_equal,
    trace,
)

from ..deploy.random_models import images_of
from .tiny import TINY, started, tiny

TWINS = {
    TernaryConv: (FloatConv,),
    TernaryLinear: (FloatLinear,),
    Quantize: (Relu, Identity),
    QuantizeLike: (Rescale,),
}
CIFAR, IMAGENET = ((32, 32, 3), 10), ((224, 224, 3), 1000)
PUBLISHED = {  # images and classes, parameters, millions of multiply-accumulates
    "lenet": ((28, 28, 1), 10, 44_652, 0.282),
    "cnv": (*CIFAR, 1_546_698, 59.5),
    "vgg_small": (*CIFAR, 4_660_106, 608),
    "ds_cnn": ((49, 10, 1), 12, 23_180, 2.66),
    "resnet8": (*CIFAR, 78_042, 12.5),
    "resnet20": (*CIFAR, 269_722, 40.6),
    "resnet32": (*CIFAR, 464_154, 68.9),
    "resnet44": (*CIFAR, 658_586, 97.2),
    "resnet56": (*CIFAR, 853_018, 125.5),
    "resnet18": (*IMAGENET, 11_689_512, 1814),
    "resnet34": (*IMAGENET, 21_797_672, 3664),
    "resnet50": (*IMAGENET, 25_557_032, 4089),
    "alexnet": (*IMAGENET, 62_387_912, 1135),
}
SHAPES = {  # of results of layers with weights, and how many layers of it there are
    "lenet": "24×24×6, 8×8×16, 1×1×120, 1×1×84, 1×1×10",
    "cnv": "30×30×64, 28×28×64, 12×12×128, 10×10×128, 3×3×256, 1×1×256, 2 1×1×512, 1×1×10",
    "vgg_small": "2 32×32×128, 2 16×16×256, 2 8×8×512, 1×1×10",
    "ds_cnn": "9 25×5×64, 1×1×12",
    "resnet8": "3 32×32×16, 3 16×16×32, 3 8×8×64, 1×1×10",
    "resnet20": "7 32×32×16, 6 16×16×32, 6 8×8×64, 1×1×10",
    "resnet56": "19 32×32×16, 18 16×16×32, 18 8×8×64, 1×1×10",
    "resnet18": "112×112×64, 4 56×56×64, 5 28×28×128, 5 14×14×256, 5 7×7×512, 1×1×1000",
    "resnet34": "112×112×64, 6 56×56×64, 9 28×28×128, 13 14×14×256, 7 7×7×512, 1×1×1000",
    "alexnet": "55×55×96, 27×27×256, 2 13×13×384, 13×13×256, 2 1×1×4096, 1×1×1000",
}


def test_all_have_widths_and_figures():
    assert list(NETWORKS) == list(WIDTHS)
    assert set(TINY) == set(NETWORKS) == {*PUBLISHED, "mlp"}


@pytest.mark.parametrize("name", NETWORKS)
def test_twins_have_one_shape_and_the_same_start(name):
    ternary, real = (tiny(name, weights, seed=3) for weights in ("statistical", "float"))
    layers = [each for each in ternary.modules() if not isinstance(each, WeightQuantizer)]
    for one, other in zip(layers, real.modules(), strict=True):
        assert type(other) in TWINS.get(type(one), (type(one),))
        if isinstance(one, TernaryLinear | TernaryConv):
            assert torch.equal(one.weight, other.weight)
        assert isinstance(other, Relu) is (isinstance(one, Quantize) and one.codes.lo == 0)


@pytest.mark.parametrize("weights", ["statistical", "float"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_all_parameters(name, weights):
    model = tiny(name, weights)
    logits = model(torch.from_numpy(images_of(model, 8))).value
    assert logits.shape == (8, 4)
    torch.nn.functional.cross_entropy(logits, torch.arange(8) % 4).backward()
    without = [key for key, value in model.named_parameters() if not value.grad.any()]
    assert not without


@pytest.mark.parametrize("codes", [Codes.unsigned(2), Codes.unsigned(4), Codes.ternary()])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_code_equals_golden(name, codes):
    model = started(tiny(name, codes=codes))
    images = images_of(model, 8)
    require_equal(model, export(model, name), images)
    logits = trace(model, images)["logits"]
    assert len(np.unique(logits.reshape(8, -1), axis=0)) > 1


@pytest.mark.parametrize("name", ["alexnet", "cnv", "resnet50"])
def test_the_seed_and_the_layers_identify_a_network(name):
    one, same, other = (tiny(name, seed=seed) for seed in (0, 0, 1))
    assert repr(one) == repr(same)
    assert torch.equal(one.layers[0].weight, same.layers[0].weight)
    assert not torch.equal(one.layers[0].weight, other.layers[0].weight)


def products(model):
    """Each layer with weights, the shape of an image behind it, and the pixels summed before."""
    found, pixels = [], 1

    def record(layer, inputs, output):
        nonlocal pixels
        if isinstance(layer, SumPool):
            height, width = layer.window(*inputs[0].codes.shape[2:])[0]
            pixels = height * width
            return
        channels, *size = output.codes.shape[1:]
        found.append((layer, (*(size or (1, 1)), channels), pixels))

    kinds = FloatConv | FloatLinear | SumPool
    for layer in model.modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(record)
    model.eval()(torch.empty(1, *model.input.shape, device="meta"))
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_the_published_ones(name):
    shape, classes, parameters, macs = PUBLISHED[name]
    model = NETWORKS[name](Tensor(shape, Codes.signed(8)), WIDTHS[name], classes, Kit(4, "float"))
    assert sum(each.numel() for each in model.parameters()) == parameters
    layers = products(model.to("meta"))
    work = sum(height * width * layer.weight.numel() for layer, (height, width, _), _ in layers)
    assert work / 1e6 == pytest.approx(macs, rel=2e-3)
    if name in SHAPES:
        runs = [(shape, len(list(run))) for shape, run in groupby(shape for _, shape, _ in layers)]
        texts = ["×".join(map(str, shape)) for shape, _ in runs]
        counts = [f"{count} " if count > 1 else "" for _, count in runs]
        assert ", ".join(map("".join, zip(counts, texts, strict=True))) == SHAPES[name]
    for layer, _, pixels in layers:
        # the classifier of ResNet-50 alone has room for seven bits, were its weights of one sign
        bits = 7 if name == "resnet50" else 8
        assert layer.weight[0].numel() * max(128, pixels * (2**bits - 1)) < 2**24


def test_layers_of_a_bottleneck():
    input = Tensor((224, 224, 3), Codes.signed(8))
    model = NETWORKS["resnet50"](input, (4, 8, 16, 32), 1000, Kit(4, "float"))
    shapes = ["×".join(map(str, shape)) for _, shape, _ in products(model.to("meta"))]
    assert len(shapes) == 1 + 3 * (3 + 4 + 6 + 3) + 4 + 1
    first, second = [*("56×56×4",) * 2, "56×56×16"], ["56×56×8", "28×28×8", "28×28×32"]
    assert shapes[:5] == ["112×112×4", "56×56×16", *first]
    assert shapes[11:15] == ["28×28×32", *second]
    assert shapes[-1] == "1×1×1000"
