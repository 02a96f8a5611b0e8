from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import MismatchError, NetworkError, TrainingError
from threefold.network import Codes, Tensor, load, save
from threefold.quant import (
    Concat,
    Flatten,
    Kit,
    Model,
    Norm,
    QuantizeLike,
    SumPool,
    TernaryConv,
    TernaryLinear,
    WeightQuantizer,
    export,
    lenet,
    mlp,
    require_equal,
    resnet,
    slim,
    trace,
)
from threefold.sim import golden

from .random_models import CODES, INPUTS, images_of

NARROWER = st.floats(0.1, 1.0)


def branches(input, widths, classes, kit):
    """Maps of two branches side by side, with and without a layer in front of a vector."""
    first, second = widths
    conv = partial(kit.conv, kernel=3, padding=1)
    both = partial(kit.conv, first + second, first, 1)
    side = Concat([both(), Norm(first)], [], QuantizeLike(kit.codes))
    return Model(
        input,
        [
            *kit.active(conv(input.shape[2], first)),
            Concat([conv(first, second), Norm(second)], [], QuantizeLike(kit.codes)),
            side,
            SumPool(2),
            Flatten(),
            kit.linear((2 * first + second) * 4, classes, bias=True),
        ],
    )


def depthwise(input, widths, classes, kit):
    first, second = widths
    conv = partial(kit.conv, kernel=3, padding=1)
    return Model(
        input,
        [
            *kit.active(conv(input.shape[2], first)),
            *kit.active(conv(first, 2 * first, groups=first)),
            *kit.active(kit.conv(2 * first, second, 1)),
            SumPool((2, 1)),
            kit.linear(second * 8, classes, bias=True),
        ],
    )


DEFINITIONS = {
    "mlp": (mlp, (1, 3)),
    "lenet": (lenet, (2, 4)),
    "resnet": (partial(resnet, blocks=1), (1, 3)),
    "depthwise": (depthwise, (2, 2)),
    "branches": (branches, (2, 2)),
}


def scaled(widths, ratios, definition):
    narrow = [max(1, int(width * ratio)) for width, ratio in zip(widths, ratios, strict=True)]
    if definition == "resnet":  # stages get wider, and by how much is free
        narrow = [narrow[0], *(narrow[0] + each for each in range(1, len(narrow)))]
    return narrow


@st.composite
def slimmable(draw, definition):
    """A model of some widths, whose norms have slopes of any sign and statistics of any kind."""
    make, (fewest, most) = DEFINITIONS[definition]
    activations = draw(st.sampled_from([codes for codes in CODES if codes.zero_code is not None]))
    inputs = draw(st.sampled_from([codes for codes in INPUTS if codes.zero_code is not None]))
    input = Tensor((4, 4, draw(st.integers(1, 3))), inputs)
    count = draw(st.integers(fewest, most))
    widths = [draw(st.integers(4, 7)) for _ in range(count)]
    if definition == "resnet":
        widths = [4, 8, 12][:count]
    seed = draw(st.integers(0, 1000))
    weights = draw(st.sampled_from(["statistical", "expanded2", "int"]))
    kit = Kit(activations, weights, per_filter=draw(st.booleans()), seed=seed)
    model = make(input, widths, 3, kit)
    uniform, layers = draw(NARROWER), draw(st.tuples(*[NARROWER] * count))
    for name, ratios in (("uniform", [uniform] * count), ("layers", layers)):
        slim(model, name, make(input, scaled(widths, ratios, definition), 3, kit))
    return disturbed(model, seed)


def disturbed(model, seed=0):
    torch.manual_seed(seed)
    model.train()(torch.from_numpy(images_of(model, 16, seed=1)))
    for layer in model.modules():
        if isinstance(layer, TernaryConv | TernaryLinear):
            layer.weight.data[0] = 0
        elif isinstance(layer, Norm):
            slopes = torch.tensor([1.0, -1.0, 0.5, -2.0, 0.0])
            layer.weight.data.copy_(slopes[torch.randint(0, 5, (layer.channels,))])
            layer.bias.data.copy_(torch.randn(layer.channels) / 2)
            for name, buffer in layer.named_buffers():
                if "_var" in name:
                    buffer.mul_(torch.rand(len(buffer)) * 2 + 0.1)
                else:
                    buffer.add_(torch.randn(len(buffer)) / 2)
    torch.nn.init.normal_(model.layers[-1].bias, std=0.5)
    return model.eval()


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_every_code_of_every_width_equals_golden(definition, tmp_path):
    seen = []

    @settings(max_examples=settings.default.max_examples // 25)
    @given(slimmable(definition))
    def check(model):
        images = images_of(model, 6)
        network = export(model, "slim", argmax=True)
        assert list(network.widths) == model.widths
        save(network, tmp_path / "slim.tern")
        require_equal(model, load(tmp_path / "slim.tern"), images)
        seen.extend(len(np.unique(codes)) for codes in trace(model, images).values())

    check()
    assert max(seen) > 4


def slim_mlp(codes=2, widths=(6, 4), seed=0):
    input, kit = Tensor((1, 1, 8), Codes.unsigned(3)), Kit(codes, seed=seed)
    model = mlp(input, [8, 6], 3, kit)
    slim(model, "half", mlp(input, widths, 3, kit))
    return model.eval()


def slopes(layer, *values):
    with torch.no_grad():
        layer.weight[: len(values)] = torch.tensor(values)


def test_weights_are_negated_where_a_channel_falls_at_any_width():
    model = slim_mlp()
    first, norm, second, inner = model.layers[0], model.layers[1], model.layers[3], model.layers[4]
    slopes(norm, 1.0, -1.0, 0.0, 1.0, -1.0)
    slopes(inner, -1.0, -1.0, 1.0, -1.0)
    with torch.no_grad():  # constant in one network, falling in the other
        inner.running_mean[1] = 1000
        inner.running_mean_half[0] = inner.running_mean_half[2] = -1000
    whole = [layer.integers(torch.tensor(1.0))[0].detach().numpy() for layer in (first, second)]
    network = export(model, "net")
    images = images_of(model, 50)
    require_equal(model, network, images)
    ops = {node.name: node.op for node in network.nodes}
    signs = np.array([1, -1, 1, 1, -1, 1, 1, 1])
    assert np.array_equal(ops["fc1"].matrix, whole[0] * signs[:, None])
    signs = np.array([-1, -1, 1, -1, 1, 1])
    assert np.array_equal(ops["fc2"].matrix, whole[1] * signs[:, None])
    half = {node.name: node.op for node in network.at("half").nodes}
    assert np.array_equal(half["fc2"].matrix, ops["fc2"].matrix[:4, :6])
    alone = dict(trace(model, images)), golden.evaluate(network, images)
    assert len(np.unique(alone[0]["act2"][..., 1])) == len(np.unique(alone[1]["act2"][..., 1])) == 1


def test_weights_of_a_width_have_the_bits_of_the_whole():
    input, kit = Tensor((1, 1, 8), Codes.unsigned(3)), Kit(2, "expanded2")
    model = mlp(input, [8, 6], 3, kit).eval()
    slim(model, "half", mlp(input, [4, 3], 3, kit))
    with torch.no_grad():
        model.layers[0].weight[:4] = 0.07  # of one level beside the largest weight
        model.layers[0].weight[4:] = 1
        model.layers[3].weight[:, :4] = 0
    network = export(model, "net")
    whole, half = network.nodes[0].op, network.at("half").nodes[0].op
    assert whole.bits == half.bits == 3
    assert np.array_equal(half.matrix, np.ones((4, 8)))
    assert np.array_equal(whole.matrix[4:], np.full((4, 8), 2))
    require_equal(model, network, images_of(model, 20))


def test_widths_are_stored_as_what_differs():
    network = export(slim_mlp(), "net", {"seed": 1}, argmax=True)
    width = network.widths["half"]
    assert width.filters == {"fc1": 6, "fc2": 4}
    assert sorted(width.ops) == ["act1", "act2"]
    assert network.provenance == {"seed": 1}
    assert [node.name for node in network.at("half").nodes][-1] == "argmax"


def test_a_model_at_a_width_is_exported_as_a_network_without_widths():
    model = slim_mlp()
    images = images_of(model, 30)
    network = export(model, "net")
    with model.at("half"):
        alone = export(model, "alone")
        require_equal(model, alone, images)
        assert model.width == "half"
    assert not alone.widths
    expected = golden.run(network.at("half"), images)
    assert np.array_equal(golden.run(alone, images), expected)
    assert not np.array_equal(golden.run(network, images), expected)


def test_classes_are_those_of_golden_at_every_width():
    model, images = slim_mlp(), images_of(slim_mlp(), 150)
    network, parts = export(model, "net", argmax=True), []
    classes = require_equal(model, network, images, lambda *part: parts.append(part))
    assert sorted(classes, key=str) == sorted([None, *network.widths], key=str)
    for width, found in classes.items():
        at_width = network if width is None else network.at(width)
        assert np.array_equal(found, golden.run(at_width, images).ravel())
    assert parts == [("compare", (1 + n) / 4) for n in range(4)]


def test_a_disagreement_names_the_width():
    model, images = slim_mlp(), images_of(slim_mlp(), 30)
    network = export(model, "net")
    with torch.no_grad():
        model.layers[1].running_mean_half[5] -= 100
    with pytest.raises(
        MismatchError,
        match=r"^'act1' of PyTorch at width half differs from the golden model: "
        r"image 0, pixel \(0, 0\), channel 5 is 3, not [0-2]$",
    ):
        require_equal(model, network, images)


def test_a_disagreement_names_the_image_wherever_it_is():
    model, images = slim_mlp(), images_of(slim_mlp(), 400)
    network = export(model, "net")
    before = trace(model, images)["act1"]
    with torch.no_grad():
        model.layers[1].running_mean += 0.05
    differ = np.argwhere((trace(model, images)["act1"] != before).any(axis=(1, 2, 3))).ravel()
    rest = np.delete(images, differ, axis=0)
    assert len(differ)
    assert len(rest) > 150
    late = np.concatenate([rest[:150], images[differ]])
    with pytest.raises(MismatchError, match=r"^'act1' of PyTorch differs .+: image 150, "):
        require_equal(model, network, late)


def test_a_width_that_the_model_has_not():
    network = export(slim_mlp(), "net")
    model = mlp(Tensor((1, 1, 8), Codes.unsigned(3)), [8, 6], 3, Kit(2)).eval()
    with pytest.raises(TrainingError, match=r"^the model has no width 'half'; there is none$"):
        require_equal(model, network, images_of(model, 3))


def test_weights_of_a_width_are_those_of_the_whole():
    model = slim_mlp()
    model.layers[0].quantizer = Unsteady()
    with pytest.raises(NetworkError, match=r"^fc1 at width 'half' is not a part of the whole$"):
        export(model, "net")


class Unsteady(WeightQuantizer):
    """Other codes with every call."""

    calls = 0

    def forward(self, weight, mask):
        Unsteady.calls += 1
        random = torch.Generator().manual_seed(Unsteady.calls)
        codes = torch.randint(-1, 2, weight.shape, generator=random).float()
        return codes, torch.ones((), dtype=torch.float64)
