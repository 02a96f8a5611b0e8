import re

import pytest

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import Kit, TernaryConv, ds_cnn


def test_pairs_of_depthwise_and_pointwise():
    model = ds_cnn(Tensor((49, 10, 1), Codes.signed(8)), (4, 6, 8), 12, Kit(4))
    convs = [layer for layer in model.layers if isinstance(layer, TernaryConv)]
    assert [(conv.inputs, conv.outputs, conv.kernel, conv.groups) for conv in convs] == [
        (1, 4, (10, 4), 1), (4, 4, (3, 3), 4), (4, 6, (1, 1), 1), (6, 6, (3, 3), 6),
        (6, 8, (1, 1), 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "widths", "message"),
    [
        ((9, 4, 1), [], "a DS-CNN has at least 1 width, not []"),
        ((9, 4, 1), [4, 0], "layers need at least 1 output, not [4, 0, 3]"),
        ((9, 1, 1), [4], "a DS-CNN reads images of at least 2 columns, not 9×1×1 codes 0…15"),
    ],
)
def test_impossible_networks(shape, widths, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ds_cnn(Tensor(shape, Codes.unsigned(4)), widths, 3, Kit(2))
