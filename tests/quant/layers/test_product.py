import re

import pytest
import torch
from torch.nn import functional

from threefold.errors import TrainingError
from threefold.quant import FloatConv, FloatLinear, QuantTensor, TernaryConv


def maps(*shape, scale=0.5, high=8):
    codes = torch.randint(0, high, shape, generator=torch.Generator().manual_seed(0)).float()
    return QuantTensor(codes, torch.tensor(scale), torch.tensor(0.0))


def test_a_dense_layer_reads_maps_in_the_order_row_column_channel():
    x, linear = maps(2, 3, 4, 5), FloatLinear(60, 7, bias=True)
    rows = x.value.permute(0, 2, 3, 1).reshape(2, 60)
    assert torch.equal(linear(x).value, functional.linear(rows, linear.weight, linear.bias))
    flat = QuantTensor(x.codes.permute(0, 2, 3, 1).reshape(2, 60), x.scale, x.shift)
    assert torch.equal(linear(flat).value, linear(x).value)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"kernel": 3}, (6, 5, 4)),
        ({"kernel": (3, 2), "stride": (2, 1)}, (6, 3, 5)),
        ({"kernel": 3, "padding": 1, "groups": 2}, (6, 7, 6)),
        ({"kernel": 3, "padding": (0, 2)}, (6, 5, 8)),
        ({"kernel": 3, "padding": (2, 0, 1, 1), "stride": 2}, (6, 4, 3)),
    ],
)
def test_a_convolution_is_what_it_is_elsewhere(options, shape):
    conv, x = FloatConv(4, 6, **options, bias=True), maps(2, 4, 7, 6)
    top, left, bottom, right = conv.padding
    padded = functional.pad(x.value, (left, right, top, bottom))
    expected = functional.conv2d(
        padded, conv.weight, conv.bias, stride=conv.stride, groups=conv.groups
    )
    assert conv(x).value.shape == (2, *shape)
    assert torch.allclose(conv(x).value, expected, atol=1e-5)


def test_signals_are_maps_of_one_row():
    conv, x = TernaryConv(3, 5, (1, 4), stride=(1, 2), padding=(0, 1)), maps(2, 3, 1, 11)
    ternary = conv.integers(x.scale)[0]
    expected = functional.conv1d(x.codes[:, :, 0], ternary[:, :, 0], stride=2, padding=1)
    assert torch.equal(conv(x).codes[:, :, 0], expected)


def test_depthwise_channels_do_not_mix():
    conv, x = TernaryConv(4, 8, 3, padding=1, groups=4), maps(1, 4, 5, 5)
    changed = x.codes.clone()
    changed[:, 2] += 1
    y = conv(QuantTensor(changed, x.scale, x.shift)).codes - conv(x).codes
    assert y.flatten(2).any(dim=2)[0].nonzero().ravel().tolist() == [4, 5]


def test_initial_weights_have_the_variance_of_their_fan_in():
    conv = FloatConv(32, 64, 3, generator=torch.Generator().manual_seed(0))
    assert conv.weight.var().item() == pytest.approx(1 / (32 * 9), rel=0.05)
    assert conv.outputs == 64


@pytest.mark.parametrize("groups", [0, 3, 4])
def test_groups_that_do_not_divide(groups):
    message = f"groups must divide 4 input and 6 output channels, not {groups}"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        TernaryConv(4, 6, 3, groups=groups)


def test_a_kernel_that_is_none():
    message = "a kernel must be 1 or 2 integers of 1 or more, not 0"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        TernaryConv(4, 6, 0)
