import re
import warnings

import numpy as np
import pytest

pytest.importorskip("qonnx")
pytest.importorskip("brevitas")
pytest.importorskip("onnxoptimizer")

import onnx
import torch

from threefold import importer
from threefold.errors import NetworkError
from threefold.network import Conv
from threefold.references import random_images

from ..nightly import mostly_nightly

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Brevitas imports parts of its own that it calls deprecated
    from brevitas.export import export_qonnx

    from .brevitas_digits import jet_tagging, mobilenet, resnet_mixed, vgg10
    from .brevitas_layers import REFUSED, SHAPE, SUPPORTED
    from .brevitas_networks import (
        WEIGHTS,
        PerChannelTernaryWeight,
        TernaryWeight,
        cnv,
        ds_cnn,
        lenet,
        mlp,
        of_signals,
        resnet,
        settled,
    )

pytestmark = pytest.mark.filterwarnings("ignore")  # of torch and Brevitas, on each other

IMAGES = 16
PIXELS, COLOURS, SMALL, SOUND = (1, 28, 28), (3, 32, 32), (3, 16, 16), (1, 49, 10)
FAMILIES = {
    "TFC-1W1A": (lambda: mlp(1, 1, width=64), PIXELS),
    "TFC-1W2A": (lambda: mlp(1, 2, width=64), PIXELS),
    "TFC-2W2A": (lambda: mlp(2, 2, width=64), PIXELS),
    "SFC-2W2A": (lambda: mlp(2, 2, width=256), PIXELS),
    "LFC-1W1A": (lambda: mlp(1, 1, width=1024), PIXELS),
    "CNV-1W1A": (lambda: cnv(1, 1), COLOURS),
    "CNV-1W2A": (lambda: cnv(1, 2), COLOURS),
    "CNV-2W2A": (lambda: cnv(2, 2), COLOURS),
    "ResNet, binary": (lambda: resnet(WEIGHTS[1]), SMALL),
    "ResNet, ternary": (lambda: resnet(TernaryWeight), SMALL),
    "ResNet, scales of filters": (lambda: resnet(PerChannelTernaryWeight), SMALL),
    "LeNet, ternary": (lambda: lenet(TernaryWeight), PIXELS),
    "LeNet, scales of filters": (lambda: lenet(PerChannelTernaryWeight), PIXELS),
    "signals": (lambda: of_signals(PerChannelTernaryWeight), (4, 40)),
    "DS-CNN, ternary": (lambda: ds_cnn(TernaryWeight), SOUND),
    "DS-CNN, scales of filters": (lambda: ds_cnn(PerChannelTernaryWeight), SOUND),
    "jet tagging, 6 bits": (jet_tagging, (16,)),
    "VGG10, 8 bits": (vgg10, (2, 64)),
    "ResNet, 8 bits around 2": (resnet_mixed, SMALL),
    "MobileNet, 4 bits": (mobilenet, SMALL),
}
# Other widths and sizes of what is among them.
REPEATED = {"TFC-1W2A", "SFC-2W2A", "LFC-1W1A", "CNV-1W1A", "CNV-2W2A", "DS-CNN, ternary"}
WIDTHS = {  # of layers in order
    "jet tagging, 6 bits": [6, 6, 6, 6],
    "VGG10, 8 bits": [9, 9, 8, 9, 9],  # the third has no −128
    "ResNet, 8 bits around 2": [8, 2, 2, 2, 2, 8],
    "MobileNet, 4 bits": [8, 5, 5, 5, 5, 4],
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(build, shape):
    torch.manual_seed(0)
    return settled(build(), shape)


def agrees(source, module, shape, argmax=False):
    """Codes and logits agree on random images, which are not all alike."""
    converted = importer.convert(source, "imported", argmax=argmax)
    images = random_images(converted.network.input, IMAGES)
    found = importer.compare(source, converted, images)
    assert found.exact, found.first
    assert found.images == IMAGES
    real = np.moveaxis(converted.input.real(images), -1, 1)
    real = np.ascontiguousarray(real).reshape(IMAGES, *shape)
    logits = source.run(real)[source.output].reshape(IMAGES, -1)
    assert len(np.unique(logits, axis=0)) > IMAGES / 2
    with torch.no_grad():
        expected = module(torch.from_numpy(real))
    expected = getattr(expected, "value", expected).numpy()
    # Brevitas and onnxruntime round sums differently, which may move a code in some image.
    assert np.isclose(logits, expected, rtol=1e-4, atol=1e-3).all(axis=1).mean() > 0.8
    return converted.network


@pytest.mark.parametrize("family", mostly_nightly(FAMILIES, always=FAMILIES.keys() - REPEATED))
def test_published_families(family):
    build, shape = FAMILIES[family]
    module = made(build, shape)
    network = agrees(importer.from_brevitas(module, shape), module, shape)
    bits = [node.op.bits for node in network.nodes if isinstance(node.op, Conv)]
    assert bits == WIDTHS.get(family, [2] * len(bits))


@pytest.mark.parametrize("family", ["TFC-1W1A", "CNV-1W2A", "ResNet, ternary"])
def test_classes(family):
    build, shape = FAMILIES[family]
    module = made(build, shape)
    agrees(importer.from_brevitas(module, shape), module, shape, argmax=True)


@pytest.mark.parametrize("pattern", SUPPORTED)
def test_patterns(pattern):
    module = made(SUPPORTED[pattern], SHAPE)
    agrees(importer.from_brevitas(module, SHAPE), module, SHAPE)


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_is_refused_is_named(pattern):
    build, message = REFUSED[pattern]
    module = made(build, SHAPE)
    message = message.pattern if isinstance(message, re.Pattern) else re.escape(message)
    with pytest.raises(NetworkError, match=f"^{message}$"):
        importer.convert(importer.from_brevitas(module, SHAPE), "refused")


@pytest.mark.parametrize(
    "options",
    [
        {"dynamo": True},
        {"dynamo": False, "opset_version": 13},
        {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "images"}}},
    ],
    ids=["default", "opset 13", "any number of images"],
)
@pytest.mark.parametrize("pattern", ["view", "truncated mean"])
def test_files_of_every_exporter(tmp_path, options, pattern):
    module = made(SUPPORTED[pattern], SHAPE)
    path = tmp_path / "model.onnx"
    export_qonnx(module, args=torch.zeros(1, *SHAPE), export_path=str(path), **options)
    agrees(importer.Source(importer.read(path)), module, SHAPE)


def test_the_module_stays_as_it_is():
    module = made(SUPPORTED["residual"], SHAPE).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    first = importer.from_brevitas(module, SHAPE).model.model
    assert all(layer.training for layer in module.modules())
    assert before.keys() == module.state_dict().keys()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert importer.from_brevitas(module, SHAPE).model.model == first
    onnx.checker.check_model(first)


def test_nodes_have_the_names_of_modules():
    source = importer.from_brevitas(made(SUPPORTED["view"], SHAPE), SHAPE)
    assert [node.name for node in source.nodes] == [
        "/0/act_quant/export_handler/Quant",
        "/1/Conv",
        "/2/BatchNormalization",
        "/3/act_quant/activation_impl/Relu",
        "/3/act_quant/export_handler/Quant",
        "/4/Reshape",
        "/5/Flatten",
        "/6/Gemm",
    ]


def test_a_shape_that_does_not_fit():
    module = made(SUPPORTED["view"], SHAPE)
    message = (
        r"^Brevitas cannot export the module for images of shape \(4, 12, 12\): .*expected input"
        r".* to have 3 channels, but got 4 channels instead$"
    )
    with pytest.raises(NetworkError, match=message):
        importer.from_brevitas(module, (4, 12, 12))


@pytest.mark.parametrize("wrap", [torch.nn.DataParallel, torch.compile])
def test_wrapped_modules(wrap):
    module = made(SUPPORTED["view"], SHAPE)
    plain = importer.from_brevitas(module, SHAPE).model.model
    assert importer.from_brevitas(wrap(module), SHAPE).model.model == plain


def test_a_module_of_another_precision():
    module = made(SUPPORTED["view"], SHAPE).half()
    message = r"^\S+ is in float16, not in single precision; convert the module by \.float\(\)$"
    with pytest.raises(NetworkError, match=message):
        importer.from_brevitas(module, SHAPE)


def test_no_module():
    with pytest.raises(NetworkError, match=r"^a module of PyTorch is exported, not list$"):
        importer.from_brevitas([], SHAPE)
