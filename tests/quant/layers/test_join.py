import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import Codes
from threefold.quant import (
    Concat,
    MaxPool,
    Norm,
    PadChannels,
    Quantize,
    QuantizeLike,
    QuantTensor,
    Rescale,
    Residual,
    TernaryConv,
)


def maps(*shape, scale=0.25):
    codes = torch.randint(0, 4, shape, generator=torch.Generator().manual_seed(0)).float()
    return QuantTensor(codes, torch.tensor(scale, requires_grad=True), torch.tensor(0.0))


def body(inputs, outputs, stride=1):
    torch.manual_seed(0)
    return [TernaryConv(inputs, outputs, 3, stride=stride, padding=1), Norm(outputs)]


def test_a_residual_adds_integers_of_the_scale_of_its_input():
    x, block = maps(8, 3, 4, 4), Residual(body(3, 3), [], QuantizeLike(Codes.signed(3)))
    y = block(x)
    steps = y.codes - x.codes
    assert y.scale is x.scale
    assert torch.equal(steps, steps.round())
    assert steps.min() < 0 < steps.max()
    assert steps.min() >= -4
    assert steps.max() <= 3


def test_gradients_reach_weights_scale_and_shortcut():
    x = maps(8, 3, 4, 4)
    x.codes.requires_grad_()
    shortcut = [TernaryConv(3, 5, 1, stride=2), Norm(5), Quantize(Codes.signed(3))]
    block = Residual(body(3, 5, stride=2), shortcut, QuantizeLike(Codes.signed(3)))
    block(x).value.square().sum().backward()
    for parameter in (*block.parameters(), x.codes, x.scale):
        assert parameter.grad.any()


def test_a_shortcut_without_weights():
    shortcut = [MaxPool(1, 2), PadChannels(1, 1)]
    x, block = maps(8, 3, 4, 4), Residual(body(3, 5, stride=2), shortcut, QuantizeLike(3))
    with torch.no_grad():
        block.body[1].bias.fill_(-1e6)  # the body gives nothing
    y = block(x).codes
    assert torch.equal(y[:, 1:4], x.codes[:, :, ::2, ::2])
    assert not y[:, [0, 4]].any()


def test_channels_side_by_side():
    x, block = maps(8, 3, 4, 4), Concat(body(3, 2), [], QuantizeLike(2))
    y = block(x)
    assert y.codes.shape == (8, 5, 4, 4)
    assert torch.equal(y.codes[:, :3], x.codes)
    assert y.scale is x.scale


def test_the_float_twin_adds_real_numbers():
    x, layers = maps(8, 3, 4, 4), body(3, 3)
    y = Residual(layers, [], Rescale())(x)
    expected = x.value + torch.nn.Sequential(*layers)(x).value
    assert torch.allclose(y.value, expected, atol=1e-5)


def test_branches_of_different_scales():
    message = "the branches of a Residual need one scale; give it a QuantizeLike"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        Residual([Quantize(2)])(maps(2, 3, 4, 4))


def test_shapes_that_cannot_be_added():
    message = "a residual adds equal shapes, not 4×4×3 and 4×4×5"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        Residual([PadChannels(1, 1)])(maps(2, 3, 4, 4))


def test_maps_that_do_not_lie_side_by_side():
    message = "maps side by side need one height and width, not 4×4×3 and 2×2×3"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        Concat([MaxPool(2)])(maps(2, 3, 4, 4))
