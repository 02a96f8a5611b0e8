import re

import pytest

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import Kit, TernaryLinear, alexnet

WIDTHS = (2, 2, 2, 2, 3)


@pytest.mark.parametrize(("shape", "pixels"), [((224, 227, 3), 36), ((63, 95, 3), 2)])
def test_dense_layers_read_what_is_left(shape, pixels):
    model = alexnet(Tensor(shape, Codes.signed(8)), (*WIDTHS, 5), 7, Kit(4))
    dense = [layer for layer in model.layers if isinstance(layer, TernaryLinear)]
    assert [(layer.inputs, layer.outputs) for layer in dense] == [(3 * pixels, 5), (5, 7)]


@pytest.mark.parametrize(
    ("shape", "widths", "message"),
    [
        ((63, 63, 3), WIDTHS[1:], "an AlexNet has at least 5 widths, not [2, 2, 2, 3]"),
        ((63, 63, 3), (*WIDTHS, 0), "layers need at least 1 output, not [2, 2, 2, 2, 3, 0, 7]"),
        (
            (63, 62, 3), WIDTHS,
            "an AlexNet reads images of at least 63×63 pixels, not 63×62×3 codes 0…15",
        ),
    ],
)  # fmt: skip
def test_impossible_alexnets(shape, widths, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        alexnet(Tensor(shape, Codes.unsigned(4)), widths, 7, Kit(2))
