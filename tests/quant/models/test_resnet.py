import re

import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import (
    FloatConv,
    Identity,
    Kit,
    MaxPool,
    Norm,
    PadChannels,
    Quantize,
    Residual,
    TernaryConv,
    resnet,
    resnet_imagenet,
)

from ..deploy.random_models import images_of
from .tiny import tiny

MAP = Tensor((16, 16, 3), Codes.signed(8))


def shortcuts(model):
    found = [each.shortcut for each in model.modules() if isinstance(each, Residual)]
    return [[type(layer) for layer in shortcut] for shortcut in found]


def test_shortcuts_of_small_images():
    option_a = [[], [], [], [MaxPool, PadChannels], [], [], [MaxPool, PadChannels], [], []]
    assert shortcuts(tiny("resnet20")) == option_a
    projection = [TernaryConv, Norm, Quantize]
    assert shortcuts(tiny("resnet8")) == [[], projection, projection]


def test_no_shortcut_where_stages_are_equally_wide():
    assert shortcuts(resnet(MAP, (4, 4), 2, Kit(2), blocks=1, projection=True)) == [[], []]
    assert shortcuts(resnet(MAP, (4, 4), 2, Kit(2), blocks=1)) == [[], []]


def test_shortcuts_of_imagenet():
    input = Tensor((33, 33, 3), Codes.signed(8))
    project = [TernaryConv, Norm, Quantize]
    basic = resnet_imagenet(input, (4, 4, 4, 4), 2, Kit(2), blocks=(2, 1, 1, 2))
    assert shortcuts(basic) == [[], [], project, project, project, []]
    deep = resnet_imagenet(input, (4, 4, 8, 8), 2, Kit(2), blocks=(2, 1, 1, 2), deep=True)
    assert shortcuts(deep) == [project, [], project, project, project, []]


@pytest.mark.parametrize("codes", [1, 2, 4, 8])
def test_branches_have_signed_codes_of_one_scale(codes):
    model = tiny("resnet8", codes=codes)
    model.train()(torch.from_numpy(images_of(model, 4)))
    blocks = [each for each in model.modules() if isinstance(each, Residual)]
    kinds = Codes.signed(max(codes, 3))
    assert [each.quantize.codes for each in blocks] == [kinds] * 3
    assert [each.shortcut[-1].codes for each in blocks[1:]] == [kinds] * 2
    behind = [layer.codes for layer in model.layers if isinstance(layer, Quantize)]
    assert behind == [Codes.unsigned(codes)] * 4


def test_a_float_projection_keeps_what_is_negative():
    model = tiny("resnet8", "float").eval()
    seen = []
    blocks = [each for each in model.modules() if isinstance(each, Residual)]
    for block in blocks[1:]:
        conv, _, identity = block.shortcut
        assert isinstance(conv, FloatConv)
        assert isinstance(identity, Identity)
        identity.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output)))
    model(torch.from_numpy(images_of(model, 4)))
    for before, after in seen:
        assert after.value.min() < 0
        assert torch.allclose(after.value.double(), before.value.double(), atol=1e-5)
        assert (after.scale, after.shift) == (1, 0)


def test_the_bottleneck_strides_in_its_middle():
    model = tiny("resnet50")
    for block in (each for each in model.modules() if isinstance(each, Residual)):
        convs = [layer for layer in block.body if isinstance(layer, TernaryConv)]
        assert [conv.kernel for conv in convs] == [(1, 1), (3, 3), (1, 1)]
        assert convs[0].stride == convs[2].stride == (1, 1)
        assert 4 * convs[0].outputs == 4 * convs[1].outputs == convs[2].outputs
        assert all(layer.stride == convs[1].stride for layer in block.shortcut[:1])


@pytest.mark.parametrize(
    ("build", "shape", "widths", "options", "message"),
    [
        (
            resnet, (8, 8, 1), (8, 4), {},
            "a ResNet has blocks in stages that never get narrower, not 3 in each of [8, 4]",
        ),
        (
            resnet, (8, 8, 1), (4,), {"blocks": 0},
            "a ResNet has blocks in stages that never get narrower, not 0 in each of [4]",
        ),
        (resnet, (8, 8, 1), (0, 4), {}, "layers need at least 1 output, not [0, 4, 3]"),
        (
            resnet, (8, 2, 1), (4, 5, 6), {},
            "a ResNet with 2 strides of 2 reads images of at least 3×3 pixels, not 8×2×1 codes "
            "0…15",
        ),
        (
            resnet_imagenet, (33, 33, 1), (4, 5, 6), {},
            "a ResNet of blocks [2, 2, 2, 2] has a width for each stage, not [4, 5, 6]",
        ),
        (
            resnet_imagenet, (33, 33, 1), (4, 5), {"blocks": (1, 0)},
            "a ResNet of blocks [1, 0] has a width for each stage, not [4, 5]",
        ),
        (
            resnet_imagenet, (33, 33, 1), (4, 5, 6, -1), {},
            "layers need at least 1 output, not [4, 5, 6, -1, 3]",
        ),
        (
            resnet_imagenet, (33, 16, 1), (4, 5, 6, 7), {},
            "a ResNet with 5 strides of 2 reads images of at least 17×17 pixels, not 33×16×1 "
            "codes 0…15",
        ),
    ],
)  # fmt: skip
def test_impossible_resnets(build, shape, widths, options, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        build(Tensor(shape, Codes.unsigned(4)), widths, 3, Kit(2), **options)
