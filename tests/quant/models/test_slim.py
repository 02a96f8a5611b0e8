import copy
import re

import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import Codes, Conv, Kept, Tensor
from threefold.quant import (
    NETWORKS,
    Concat,
    Flatten,
    FloatConv,
    Kit,
    Model,
    Norm,
    PadChannels,
    Quantize,
    QuantizeLike,
    Residual,
    TernaryConv,
    TernaryLinear,
    export,
    lenet,
    mlp,
    require_equal,
    resnet,
    slim,
)

from ..deploy.random_models import images_of
from .tiny import TINY, started, tiny

MAP = Tensor((8, 8, 2), Codes.unsigned(2))
IMAGES = torch.randint(0, 4, (6, 8, 8, 2), generator=torch.Generator().manual_seed(0))


def slimmed(definition, widths, narrower, kind="statistical", **options):
    kit = Kit(2, kind)
    model = definition(MAP, widths, 5, kit, **options)
    slim(model, "half", definition(MAP, narrower, 5, kit, **options))
    return model


DEFINITIONS = [
    (mlp, [6, 4], [3, 4], {}),
    (lenet, [4, 6, 8], [3, 2, 5], {}),
    (resnet, [4, 8], [2, 3], {"blocks": 1}),
]


@pytest.mark.parametrize("kind", ["statistical", "float"])
@pytest.mark.parametrize(("definition", "widths", "narrower", "options"), DEFINITIONS)
def test_shapes_are_those_of_the_narrower_definition(definition, widths, narrower, options, kind):
    model = slimmed(definition, widths, narrower, kind, **options).train()
    alone = definition(MAP, narrower, 5, Kit(2, kind), **options)
    shapes = {}
    for name, each in (("alone", alone), ("half", model), ("whole", model)):
        found = shapes[name] = []
        hooks = [
            layer.register_forward_hook(lambda _, __, y, found=found: found.append(y.codes.shape))
            for layer in each.layers.modules()
            if not isinstance(layer, torch.nn.Sequential) and hasattr(layer, "forward")
            and layer.__class__.__name__ != "Statistical"
        ]  # fmt: skip
        with each.at("half" if name == "half" else None):
            each(IMAGES)
        for hook in hooks:
            hook.remove()
    assert shapes["half"] == shapes["alone"] != shapes["whole"]
    assert model.width is None


def test_a_narrower_network_computes_with_slices_of_the_whole():
    model = slimmed(lenet, [4, 6, 8], [3, 2, 5])
    conv, second, fc = (model.layers[i] for i in (0, 4, 9))
    whole = [layer.integers(torch.tensor(0.5)) for layer in (conv, second, fc)]
    with model.at("half"):
        part = [layer.integers(torch.tensor(0.5)) for layer in (conv, second, fc)]
    assert torch.equal(part[0][0], whole[0][0][:3])
    assert torch.equal(part[1][0], whole[1][0][:2, :3])
    columns = whole[2][0].reshape(8, 4, 6)[:5, :, :2]
    assert torch.equal(part[2][0], columns.flatten(1))
    assert [scale for _, _, scale in part] == [scale for _, _, scale in whole]


@pytest.mark.parametrize("name", ["cnv", "vgg_small", "ds_cnn", "resnet8", "resnet18", "resnet50"])
def test_networks_with_narrower_ones_are_exact(name):
    model = tiny(name)
    widths = [max(1, width - 2) for width in TINY[name][1]]
    slim(model, "less", NETWORKS[name](model.input, widths, 4, Kit(3)))
    with model.at("less"):
        started(model)
    images = images_of(started(model), 4)
    network = export(model, name)
    require_equal(model, network, images)
    sizes = [
        sum(node.op.weights.size for node in each.nodes if isinstance(node.op, Conv))
        for each in (network.at("less"), network)
    ]
    assert sizes[0] < sizes[1] * 0.7


@pytest.mark.parametrize(("definition", "widths", "narrower", "options"), DEFINITIONS)
def test_names_and_print_stay_as_they_are(definition, widths, narrower, options):
    plain = definition(MAP, widths, 5, Kit(2), **options)
    model = slimmed(definition, widths, narrower, **options)
    assert repr(plain) == repr(model)
    with model.at("half"):
        assert repr(plain) == repr(model)
    assert list(plain.state_dict()) == [key for key in model.state_dict() if "half" not in key]
    new = {key.rpartition(".")[2] for key in model.state_dict().keys() - plain.state_dict().keys()}
    assert new == {"running_mean_half", "running_var_half"}


def test_norms_share_slopes_and_have_statistics_of_their_own():
    model = slimmed(mlp, [6, 4], [3, 4]).train()
    norm = model.layers[1]
    before = norm.running_mean.clone()
    with model.at("half"):
        model(IMAGES)
        assert norm.channels == 3
        assert torch.equal(norm.running_mean, before)
        assert not torch.equal(norm.running_mean_half, before[:3])
    assert norm.channels == 6
    model.eval()
    with torch.no_grad():
        norm.weight[1] = 7
    with model.at("half"):
        scale = norm(model.layers[0](model.read(IMAGES))).scale
    var = norm.running_var_half[1].double() + norm.eps
    unit = model.layers[0].integers(torch.tensor(1 / 3, dtype=torch.float64))[2]
    assert scale[1].item() == pytest.approx((unit * 7 / var.sqrt()).item())


def interrupted(model):
    with model.at("less"), model.at(None):
        assert (model.width, model.layers[0].outputs) == (None, 6)
        raise ZeroDivisionError


def test_widths_nest_and_copies_keep_them():
    model = slimmed(mlp, [6, 4], [3, 4])
    slim(model, "less", mlp(MAP, [2, 2], 5, Kit(2)))
    with model.at("half"):
        other = copy.deepcopy(model)
        with pytest.raises(ZeroDivisionError):
            interrupted(model)
        assert (model.width, model.layers[0].outputs) == ("half", 3)
    assert (other.width, other.layers[0].outputs) == ("half", 3)
    assert (model.width, model.layers[0].outputs) == (None, 6)


def test_a_width_that_there_is_not():
    message = "the model has no width 'third'; there is half"
    with pytest.raises(TrainingError, match=f"^{message}$"), slimmed(mlp, [6], [3]).at("third"):
        pass


def chain(*layers):
    return Model(MAP, layers)


def conv(inputs, outputs, groups=1):
    return TernaryConv(inputs, outputs, 1, groups=groups)


def vector(first, second):
    """A vector of a map, and a layer of it beside."""
    body = [TernaryLinear(64 * first, second), Norm(second)]
    return chain(conv(2, first), Quantize(2), Flatten(), Concat(body, [], QuantizeLike(2)))


@pytest.mark.parametrize(
    ("model", "like", "message"),
    [
        (
            resnet(MAP, [2, 4], 3, Kit(2), blocks=1),
            resnet(MAP, [2, 2], 3, Kit(2), blocks=1),
            "layers.5.shortcut is Sequential of 2 layers, but Sequential of 0 layers in the "
            "network of width half; choose another width",
        ),
        (
            chain(conv(2, 3)),
            chain(FloatConv(2, 3, 1)),
            "layers.0 is TernaryConv, but FloatConv in the network of width half; choose another "
            "width",
        ),
        (
            chain(conv(2, 3)),
            chain(conv(2, 2)),
            "a narrower network has all 3 classes, not 2",
        ),
        (
            chain(conv(2, 3), Quantize(2), conv(3, 3)),
            chain(conv(2, 4), Quantize(2), conv(4, 3)),
            "layers.0 at width half: a narrower layer has at most 3 outputs, not 4",
        ),
        (
            chain(conv(2, 4), Quantize(2), conv(4, 4, groups=2), Quantize(2), conv(4, 2)),
            chain(conv(2, 2), Quantize(2), conv(2, 2, groups=2), Quantize(2), conv(2, 2)),
            "layers.2 at width half: 2 of 4 filters in 2 groups do not match 2 of 4 channels; "
            "only a depthwise convolution gets narrower, by as much as its input",
        ),
        (
            chain(conv(2, 4), Quantize(2), conv(3, 4)),
            chain(conv(2, 2), Quantize(2), conv(2, 4)),
            "layers.2 at width half: a layer of 3 inputs does not read maps of 4 channels",
        ),
        (
            chain(conv(2, 4), Quantize(2), TernaryLinear(63, 4)),
            chain(conv(2, 2), Quantize(2), TernaryLinear(32, 4)),
            "layers.2 at width half: a layer of 63 inputs does not read maps of 4 channels",
        ),
        (
            chain(conv(2, 4), Norm(5), conv(4, 4)),
            chain(conv(2, 2), Norm(2), conv(2, 4)),
            "layers.1 at width half: a Norm of 5 channels does not read 4 channels",
        ),
        (
            chain(conv(2, 4), Quantize(2), Residual([conv(4, 4)], [], QuantizeLike(2))),
            chain(conv(2, 2), Quantize(2), Residual([conv(2, 3)], [], QuantizeLike(2))),
            "the branches of layers.2 do not keep the same channels at width half",
        ),
        (
            vector(4, 3),
            vector(2, 3),
            "the branches of layers.3 do not keep the same channels at width half",
        ),
    ],
)
def test_networks_that_are_no_part_of_the_other(model, like, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        slim(model, "half", like)
    assert not model.widths


def test_names_and_inputs():
    model, like = mlp(MAP, [4], 3, Kit(2)), mlp(MAP, [2], 3, Kit(2))
    slim(model, "half", like)
    for name in ("half", "Half"):
        message = f"a width needs a name that no other has, not '{name}'"
        with pytest.raises(TrainingError, match=f"^{message}$"):
            slim(model, name, like)
    other = mlp(Tensor((1, 1, 128), Codes.unsigned(2)), [2], 3, Kit(2))
    message = "a narrower network reads 8×8×2 codes 0…3 too, not 1×1×128 codes 0…3"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        slim(model, "third", other)


@pytest.mark.parametrize(
    ("narrower", "numbers"),
    [([2, 5], (2, 1)), ([3, 4], (1, 0)), ([1, 4], (2, 1)), ([2, 4], (2, 0))],
)
def test_channels_of_a_shortcut_keep_their_places_where_there_is_room(narrower, numbers):
    model = slimmed(resnet, [4, 8], narrower, blocks=1)
    pad = next(layer for layer in model.modules() if isinstance(layer, PadChannels))
    assert (pad.before, pad.after) == (2, 2)
    with model.at("half"):
        assert (pad.before, pad.after) == numbers


def test_no_channels_to_add():
    message = "channels to add must be 0 or more and 1 in all, not 0 and 0"
    pad = PadChannels(1, 2)
    with pytest.raises(TrainingError, match=f"^{message}$"):
        pad.slim("half", 0, 0)
    pad.slim("half", 0, 1)
    pad.width = "half"
    assert (pad.before, pad.after) == (0, 1)


def test_whole_groups_stay():
    layer = conv(4, 4, groups=2)
    layer.slim("half", 4, Kept.first(4))
    layer.width = "half"
    assert (layer.groups, layer.outputs) == (2, 4)
