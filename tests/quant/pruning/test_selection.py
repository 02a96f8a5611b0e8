import re

import pytest

from threefold.errors import TrainingError
from threefold.quant import WEIGHTS, Kit, Model, export, resnet
from threefold.quant.deploy.graph import names
from threefold.quant.layers import Product
from threefold.quant.pruning import Pruning, Tile, select

from .models import MAP, grouped


def test_first_and_last_layer_stay_out_unless_asked_for():
    model = grouped()
    for first, last, expected in (
        (False, False, ["conv2", "conv3", "fc1"]),
        (True, False, ["conv1", "conv2", "conv3", "fc1"]),
        (False, True, ["conv2", "conv3", "fc1", "fc2"]),
    ):
        layers = select(model, Pruning(first=first, last=last))
        assert [each.name for each in layers] == expected


def test_named_layers_have_their_own_tiles():
    layers = select(grouped(), Pruning(tile=(4, 2), tiles={"conv1": (8, 1), "fc1": (16, 27)}))
    assert {each.name: each.tile for each in layers} == {
        "conv1": Tile(8, 1),
        "conv2": Tile(3, 2),
        "conv3": Tile(4, 1),
        "fc1": Tile(16, 27),
    }


@pytest.mark.parametrize("weights", [*WEIGHTS, "float"])
def test_names_are_those_of_the_exported_network(weights):
    model = resnet(MAP, [4, 8], 3, Kit(2, weights), blocks=1)
    layers = select(model, Pruning(first=True, last=True))
    twin = resnet(MAP, [4, 8], 3, Kit(2), blocks=1) if weights == "float" else model
    expected = [name for layer, name in names(twin).items() if isinstance(layer, Product)]
    assert [each.name for each in layers] == expected
    nodes = {node.name: node.op for node in export(twin, "resnet").nodes}
    for each in layers:
        assert len(nodes[each.name].weights) == len(each.layer.weight)


@pytest.mark.parametrize(
    ("tiles", "message"),
    [
        (
            {"conv9": (1, 1)},
            "no layer with weights is named 'conv9'; there are conv1, conv2, conv3, fc1, fc2",
        ),
        (
            {"conv1": (3, 4)},
            "tiles of conv1 must divide 8 filters × 4 channels or the 12 columns of a kernel row, "
            "not be 3×4; take 2×4",
        ),
    ],
)
def test_tiles_of_layers_that_are_not_there_or_do_not_divide(tiles, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        select(grouped(), Pruning(tiles=tiles))


def test_nothing_to_prune():
    kit = Kit(2)
    model = Model(MAP, [kit.conv(4, 3, 6, bias=True)])
    message = "no layer is left to be pruned; prune the first and the last one, too"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        select(model, Pruning())
