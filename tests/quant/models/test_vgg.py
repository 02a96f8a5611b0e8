import re

import pytest

from threefold.errors import TrainingError
from threefold.network import Codes, Conv, Tensor
from threefold.quant import Kit, TernaryConv, TernaryLinear, cnv, export, require_equal, vgg_small

from ..deploy.random_models import images_of
from .tiny import started

WIDTHS = (2, 3, 2, 3, 2, 3)


def cnv_for(shape, codes=2):
    return cnv(Tensor(shape, Codes.unsigned(8)), (*WIDTHS, 4), 3, Kit(codes))


def read_by_dense(model):
    return next(layer.inputs for layer in model.layers if isinstance(layer, TernaryLinear))


def paddings(model):
    return [layer.padding for layer in model.layers if isinstance(layer, TernaryConv)]


@pytest.mark.parametrize(
    ("shape", "first", "inputs"),
    [
        ((32, 32, 3), (0, 0, 0, 0), 3),
        ((28, 28, 1), (2, 2, 2, 2), 3),
        ((29, 32, 1), (1, 0, 2, 0), 3),
        ((31, 40, 1), (0, 0, 1, 0), 9),
    ],
)
def test_a_cnv_sees_at_least_32_pixels_a_side(shape, first, inputs):
    model = cnv_for(shape)
    assert paddings(model) == [first, *[(0, 0, 0, 0)] * 5]
    assert read_by_dense(model) == inputs


@pytest.mark.parametrize(("shape", "inputs"), [((27, 32, 1), 18), ((4, 4, 1), 3), ((8, 12, 1), 18)])
def test_a_cnv_of_small_images_is_padded_throughout(shape, inputs):
    model = cnv_for(shape)
    assert {padding[::2] for padding in paddings(model)} == {(1, 1)}
    assert read_by_dense(model) == inputs


@pytest.mark.parametrize("codes", [2, Codes.bipolar()])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_a_cnv_of_bipolar_activations_needs_no_padding(shape, codes):
    model = started(cnv_for(shape, codes), 4)
    network = export(model, "cnv")
    require_equal(model, network, images_of(model, 2))
    convs = [node.name for node in network.nodes if isinstance(node.op, Conv)]
    sizes = [network.types[name].shape[:2] for name in convs]
    assert sizes == [(size, size) for size in (30, 28, 12, 10, 3, 1, 1, 1)]


@pytest.mark.parametrize(
    ("build", "shape", "widths", "message"),
    [
        (cnv, (8, 8, 1), [4] * 5, "a CNV has at least 6 widths, not [4, 4, 4, 4, 4]"),
        (
            cnv, (8, 3, 1), [4] * 6,
            "a CNV reads images of at least 4×4 pixels, not 8×3×1 codes 0…15",
        ),
        (
            vgg_small, (8, 7, 1), [4] * 6,
            "a VGG-Small reads images of at least 8×8 pixels, not 8×7×1 codes 0…15",
        ),
        (vgg_small, (8, 8, 1), [], "a VGG-Small has at least 6 widths, not []"),
        (
            vgg_small, (8, 8, 1), [4] * 5 + [0],
            "layers need at least 1 output, not [4, 4, 4, 4, 4, 0, 3]",
        ),
    ],
)  # fmt: skip
def test_impossible_networks(build, shape, widths, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        build(Tensor(shape, Codes.unsigned(4)), widths, 3, Kit(2))
