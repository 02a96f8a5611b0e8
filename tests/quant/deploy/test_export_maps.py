import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from threefold.errors import MismatchError, NetworkError
from threefold.network import Codes, Network, Node, Tensor, Threshold, load, save
from threefold.quant import (
    Flatten,
    Kit,
    MaxPool,
    Model,
    Norm,
    Quantize,
    QuantizeLike,
    Residual,
    SumPool,
    TernaryConv,
    TernaryLinear,
    WeightQuantizer,
    export,
    lenet,
    require_equal,
    trace,
)
from threefold.sim import golden

from .random_models import FORMS, images_of, models

MAP = Tensor((6, 5, 2), Codes.unsigned(4))


@pytest.mark.parametrize("form", FORMS)
def test_every_code_of_random_models_equals_golden(form):
    seen = []

    @settings(max_examples=settings.default.max_examples // 12)
    @given(models(forms=[form]))
    def check(model):
        images = images_of(model, 6)
        require_equal(model, export(model, "random"), images)
        seen.extend(len(np.unique(codes)) for codes in trace(model, images).values())

    check()
    assert max(seen) > 4


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((5, 4), {"kernel": (5, 3), "stride": (1, 2)}),
        ((8, 5), {"kernel": 5, "stride": (1, 2)}),
        ((7, 8), {"kernel": (4, 8), "stride": (1, 3)}),
        ((4, 3), {"kernel": (3, 5), "stride": 3, "padding": (1, 1)}),
        ((4, 3), {"kernel": (3, 4), "stride": 3, "padding": (1, 0, 1, 1)}),
    ],
)
def test_one_channel_and_one_window_to_a_row(shape, options):
    torch.manual_seed(0)
    conv = TernaryConv(1, 3, **options)
    input = Tensor((*shape, 1), Codes.unsigned(2))
    columns = conv(Model(input, [conv]).read(torch.zeros(1, *input.shape))).codes.shape[1:].numel()
    model = Model(input, [conv, Quantize(2), TernaryLinear(columns, 2)]).eval()
    require_equal(model, export(model, "narrow"), images_of(model, 50))


def test_no_layer_of_a_random_model_leaves_the_integers():
    @settings(max_examples=settings.default.max_examples // 5)
    @given(models())
    def check(model):
        seen = []
        for layer in model.modules():
            if not isinstance(layer, WeightQuantizer):
                layer.register_forward_hook(lambda _, __, y: seen.append(y.codes))
        model.train()(torch.from_numpy(images_of(model, 4)))
        assert all(torch.equal(codes, codes.floor()) for codes in seen)

    check()


def residual_model():
    body = [TernaryConv(4, 4, 3, padding=1), Norm(4)]
    layers = [
        *(TernaryConv(2, 4, 3, padding=1), Norm(4), Quantize(2), MaxPool(2)),
        *(Residual(body, [], QuantizeLike(Codes.signed(3))), Quantize(2)),
        *(SumPool(), TernaryLinear(4, 3, bias=True)),
    ]
    model = Model(MAP, layers)
    model.train()(torch.from_numpy(images_of(model, 32)))
    return model.eval()


def test_names_and_types_of_nodes(tmp_path):
    model = residual_model()
    network = export(model, "blocks", argmax=True)
    nodes = {node.name: node.inputs for node in network.nodes}
    assert list(nodes) == [
        *("conv1", "act1", "pool1", "conv2", "act2", "add1", "act3"),
        *("pool2", "fc1", "logits", "argmax"),
    ]
    assert nodes["add1"] == ("pool1", "act2")
    assert network.types["act2"].element == Codes.signed(3)
    assert network.types["add1"].element == Codes(10, offset=-4)
    assert network.types["pool2"].element == Codes(18)
    save(network, tmp_path / "blocks.tern")
    require_equal(model, load(tmp_path / "blocks.tern"), images_of(model, 300))


def test_a_dense_layer_reads_row_column_channel_with_or_without_flatten():
    plain = Model(MAP, [TernaryLinear(60, 3)])
    flat = Model(MAP, [Flatten(), TernaryLinear(60, 3)])
    flat.layers[1].weight = plain.layers[0].weight
    images = images_of(plain, 4)
    networks = [export(model, "dense") for model in (plain, flat)]
    assert [len(network.nodes) for network in networks] == [2, 3]
    expected = images.reshape(4, 60) @ networks[0].nodes[0].op.matrix.T
    for model, network in zip((plain, flat), networks, strict=True):
        require_equal(model, network, images)
        assert np.array_equal(golden.run(network, images)[:, 0, 0], expected)


def test_weights_are_stored_channels_last():
    conv = TernaryConv(2, 4, (3, 2), stride=(1, 2), padding=(2, 1, 0, 1), groups=2)
    network = export(Model(MAP, [conv, Quantize(2), TernaryLinear(72, 2)]), "one")
    op = network.nodes[0].op
    assert (op.stride, op.padding, op.groups) == ((1, 2), (2, 1, 0, 1), 2)
    ternary = conv.integers(torch.tensor(1.0))[0].detach()
    assert np.array_equal(op.weights[3, 2, 1], ternary[3, :, 2, 1].numpy())


def test_every_activation_of_a_lenet_is_traced():
    model = lenet(Tensor((8, 8, 1), Codes.unsigned(4)), [4, 6, 8], 5, Kit(2))
    images = images_of(model, 9)
    model.train()(torch.from_numpy(images))
    codes = trace(model, images)
    shapes = {name: array.shape[1:] for name, array in codes.items()}
    assert shapes == {
        "act1": (8, 8, 4),
        "act2": (4, 4, 6),
        "act3": (1, 1, 8),
        "logits": (1, 1, 5),
    }
    require_equal(model, export(model, "lenet"), images)


def test_a_disagreement_names_pixel_and_image():
    model = residual_model()
    network = export(model, "blocks")
    images = images_of(model, 140)
    codes = trace(model, images)["act1"]
    thresholds = network.nodes[1].op.thresholds.copy()
    thresholds[3] = thresholds[3].max() + 1000
    nodes = list(network.nodes)
    nodes[1] = Node("act1", Threshold(thresholds), nodes[1].inputs)
    wrong = Network("wrong", network.input, nodes)
    image, row, column = np.argwhere(codes[..., 3])[0]
    message = (
        f"'act1' of PyTorch differs from the golden model: image {image}, "
        f"pixel ({row}, {column}), channel 3 is {codes[image, row, column, 3]}, not 0"
    )
    with pytest.raises(MismatchError, match=f"^{re.escape(message)}$"):
        require_equal(model, wrong, images)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [TernaryConv(2, 3, 3, padding=1), Quantize(Codes.bipolar()), SumPool(1)],
            "node 'conv2': no code of codes 0…1 = -1…1 by 2 means 0, so padding has nothing to "
            "supply",
        ),
        (
            [TernaryConv(2, 3, (7, 1)), Quantize(2)],
            "node 'conv1': a 7×1 kernel does not fit into 6×5 pixels",
        ),
        (
            [TernaryConv(2, 3, 3), Norm(3), MaxPool(2)],
            "layers.2 (MaxPool) reads codes; put a Quantize in front of it",
        ),
        (
            [Residual([], [TernaryConv(2, 2, 1)], QuantizeLike(Codes(3)))],
            "layers.0 (Residual) reads codes; put a Quantize in front of it",
        ),
        (
            [Residual([MaxPool(2)])],
            "node 'add1': residuals of different shapes cannot be added: 6×5×2 codes 0…15 and "
            "3×2×2 codes 0…15",
        ),
    ],
)
def test_models_that_do_not_fit(layers, message):
    end = [TernaryConv(3, 3, 3, padding=1), Quantize(2), TernaryConv(3, 2, 1)]
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        export(Model(MAP, [*layers, *end]), "bad")
