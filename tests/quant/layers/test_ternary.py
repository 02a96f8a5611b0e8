import pytest
import torch

from threefold.quant import Binary, QuantTensor, TernaryConv, TernaryLinear


def layer(**options):
    return TernaryLinear(5, 3, generator=torch.Generator().manual_seed(0), **options)


def codes_of(*rows, scale=0.5):
    return QuantTensor(torch.tensor(rows), torch.tensor(scale), torch.tensor(0.0))


def test_accumulators_are_integers_and_the_scale_is_apart():
    linear = layer()
    x = codes_of([1.0, 2.0, 3.0, 0.0, 7.0], [0.0, 0.0, 1.0, 0.0, 0.0])
    ternary, bias, scale = linear.integers(x.scale)
    y = linear(x)
    assert set(ternary.unique().tolist()) <= {-1, 0, 1}
    assert bias is None
    assert torch.equal(y.codes, x.codes @ ternary.T)
    assert torch.equal(y.codes, y.codes.round())
    assert y.scale == scale
    assert not y.shift.any()


def test_bias_is_rounded_half_up_to_accumulator_units():
    linear = layer(bias=True).eval()
    x = codes_of([0.0] * 5)
    unit = linear.integers(x.scale)[2].item()
    with torch.no_grad():
        linear.bias.copy_(torch.tensor([2.6, -2.6, 0.2]) * unit)
    assert linear(x).codes.tolist() == [[3, -3, 0]]


def test_gradients_of_bias_and_weight_are_those_of_the_real_product():
    linear = layer(bias=True)
    x = codes_of([1.0, 2.0, 3.0, 0.0, 7.0])
    gradient = torch.tensor([[1.0, -2.0, 0.5]])
    (linear(x).value * gradient).sum().backward()
    assert torch.allclose(linear.bias.grad, gradient[0], atol=1e-5)
    assert torch.allclose(linear.weight.grad, gradient.T @ x.value, atol=1e-5)


def test_evaluation_is_in_double_precision():
    linear = layer(bias=True).eval()
    assert linear(codes_of([1.0] * 5, scale=0.5)).scale.dtype == torch.float64


def maps():
    codes = torch.randint(0, 4, (2, 3, 6, 5), generator=torch.Generator().manual_seed(0))
    return QuantTensor(codes.float(), torch.tensor(0.5), torch.tensor(0.0))


def convolution(**options):
    return TernaryConv(3, 4, 3, padding=1, generator=torch.Generator().manual_seed(0), **options)


def test_sums_of_a_convolution_are_integers_however_it_is_computed(monkeypatch):
    conv, x = convolution(), maps()
    exact = conv(x).codes
    assert torch.equal(exact, exact.round())
    monkeypatch.setattr(
        TernaryConv, "product", lambda self, x, weight: exact + 0.4 * torch.sin(exact)
    )
    assert torch.equal(conv(x).codes, exact)


def test_bias_of_a_convolution_is_that_of_each_channel():
    conv, x = convolution(bias=True).eval(), maps()
    plain = conv(x).codes
    with torch.no_grad():
        conv.bias[2] = 5 * conv.integers(x.scale)[2]
    assert (conv(x).codes - plain).amax((0, 2, 3)).tolist() == [0, 0, 5, 0]
    assert (conv(x).codes - plain).amin((0, 2, 3)).tolist() == [0, 0, 5, 0]


def test_gradients_of_a_convolution_are_those_of_the_real_one():
    conv, x = convolution(bias=True), maps()
    ternary, _, scale = conv.integers(torch.tensor(1.0))
    real = (ternary * scale).detach().requires_grad_()
    conv(x).value.square().sum().backward()
    value = torch.nn.functional.conv2d(x.value, real, padding=1)
    value.square().sum().backward()
    assert torch.allclose(conv.weight.grad, real.grad, rtol=1e-3)
    assert torch.allclose(conv.bias.grad, 2 * value.sum((0, 2, 3)), rtol=1e-3, atol=1e-3)


def test_evaluation_is_exact_where_products_would_be_rounded():
    conv, x = convolution(), maps()
    codes = x.codes * 50 + 1  # sums of more than the 8 bits of a bfloat16
    x = QuantTensor(codes, x.scale, x.shift)
    exact = conv.eval()(x).codes
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(conv(x).codes, exact)
        assert not torch.equal(conv.train()(x).codes, exact)


@pytest.mark.parametrize(("device", "dtype"), [("cpu", torch.float32), ("meta", torch.float64)])
def test_devices_other_than_cpus_evaluate_in_double_precision(monkeypatch, device, dtype):
    conv, seen = convolution().to(device).eval(), []
    product = conv.product
    monkeypatch.setattr(conv, "product", lambda *tensors: seen.extend(tensors) or product(*tensors))
    x = maps()
    assert conv(QuantTensor(x.codes.to(device), x.scale, x.shift)).codes.dtype == torch.float32
    assert [each.dtype for each in seen] == [dtype, dtype]


def test_what_quantizers_learn_starts_from_the_weights_that_are_left():
    linear = layer(weights=Binary())
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([3.0, -1.0, 5.0, 5.0, 5.0]).expand(3, 5))
        linear.mask[:, 2:] = False
    linear.restart()
    assert linear.quantizer.scale == 2
