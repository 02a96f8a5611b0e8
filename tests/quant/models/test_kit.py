import re

import pytest

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import Kit, LearnedStep, TernaryConv, TernaryLinear, lenet, mlp, resnet

MAP = Tensor((8, 8, 2), Codes.unsigned(3))


def widths(model):
    """Bits of each layer with weights, in the order of computation."""
    layers = (TernaryConv, TernaryLinear)
    return [each.quantizer.bits for each in model.modules() if isinstance(each, layers)]


@pytest.mark.parametrize(
    ("weights", "options", "bits"),
    [
        ("int", {}, [4, 4, 4, 4]),
        ("int", {"weight_bits": 3}, [3, 3, 3, 3]),
        ("int", {"weight_bits": 2, "first": 8, "last": 7}, [8, 2, 2, 7]),
        ("clip", {"first": 8, "last": 8}, [8, 2, 2, 8]),
        ("statistical", {"last": 5}, [2, 2, 2, 5]),
        ("expanded2", {"first": 6}, [6, 3, 3, 3]),
    ],
)
def test_the_first_and_the_last_layer_have_widths_of_their_own(weights, options, bits):
    model = lenet(MAP, [4, 6, 8], 5, Kit(2, weights, **options))
    assert widths(model) == bits
    ends = [model.layers[0].quantizer, model.layers[-1].quantizer]
    for quantizer, end in zip(ends, ("first", "last"), strict=True):
        assert isinstance(quantizer, LearnedStep) == (weights == "int" or end in options)


def test_layers_between_have_one_width_however_branches_are_made():
    model = resnet(MAP, [4, 8], 3, Kit(2, "clip", first=8, last=7), blocks=1, projection=True)
    assert widths(model) == [8, 2, 2, 2, 2, 2, 7]


def test_a_layer_alone_is_the_last():
    assert widths(mlp(MAP, [], 3, Kit(2, first=8, last=5))) == [5]


def test_steps_of_filters_but_for_the_last_layer():
    model = mlp(MAP, [6], 3, Kit(2, "int", per_filter=True, first=8, last=8))
    assert model.layers[0].quantizer.gain.shape == (6,)
    assert model.layers[-1].quantizer.gain.shape == ()


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (
            "clip",
            {"weight_bits": 3},
            "weight_bits are those of weights 'int', not of 'clip'; leave them out",
        ),
        (
            "float",
            {"last": 8},
            "weights of a float network have no bits, in no layer; leave out first and last",
        ),
    ],
)
def test_widths_that_cannot_be(weights, options, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        Kit(2, weights, **options)


@pytest.mark.parametrize("options", [{"weight_bits": 9}, {"first": 9}, {"last": 9}])
def test_widths_out_of_range(options):
    with pytest.raises(TrainingError, match=r"^integer weights have 2…8 bits, not 9$"):
        mlp(MAP, [4], 3, Kit(2, "int", **options))
