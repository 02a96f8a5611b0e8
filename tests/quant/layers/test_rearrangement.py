import pytest
import torch

from threefold import network
from threefold.network import Kept
from threefold.quant import Flatten, MaxPool, PadChannels, SumPool


@pytest.mark.parametrize(
    ("layer", "operation", "divisor"),
    [
        (MaxPool(2, (2, 1), 1), network.MaxPool((2, 2), (2, 1), (1, 1, 1, 1)), 1),
        (SumPool((2, 3), 1), network.SumPool((2, 3), (1, 1)), 6),
        (SumPool(), network.SumPool((4, 6), (4, 6)), 24),
        (Flatten(), network.Flatten(), 1),
        (PadChannels(1, 2), network.PadChannels(1, 2), 1),
    ],
)
def test_the_operation_that_a_layer_is(layer, operation, divisor):
    assert layer.operation(4, 6) == operation
    scale = torch.tensor(3.0, dtype=torch.float64)
    assert layer.scaled(scale, 4, 6).item() == 3 / divisor


def test_channels_keep_their_places_where_there_is_room():
    layer = PadChannels(2, 2)
    assert layer.narrow("half", PadChannels(1, 1), Kept.first(4, 2)) == Kept.first(8, 4)
    assert layer.narrow("most", PadChannels(2, 1), Kept.first(4, 3)) == Kept.first(8, 6)
    assert layer.parts == {"half": (2, 0), "most": (2, 1)}
