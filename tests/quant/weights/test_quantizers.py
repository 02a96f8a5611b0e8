"""What every quantizer of weights keeps to."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.network import Codes, Tensor
from threefold.quant import WEIGHTS, Kit, mlp

every = pytest.mark.parametrize("name", WEIGHTS)
both = pytest.mark.parametrize("per_filter", [False, True])


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def started(name, weight, per_filter=False):
    quantizer = WEIGHTS[name](per_filter=per_filter)
    quantizer.start(weight)
    return quantizer.eval()


def everywhere(weight):
    return torch.ones_like(weight, dtype=torch.bool)


def integers_of(name):
    largest = WEIGHTS[name]().largest
    return {-1, 1} if name == "binary" else set(range(-largest, largest + 1))


matrices = st.tuples(st.integers(1, 4), st.integers(1, 12)).flatmap(
    lambda shape: st.lists(
        st.lists(st.floats(-3, 3, width=32), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@every
@both
@pytest.mark.parametrize("training", [False, True])
def test_codes_and_scales_of_any_weights(name, per_filter, training):
    @settings(max_examples=settings.default.max_examples // 4)
    @given(matrices, st.floats(-1, 1, width=32))
    def check(rows, learned):
        weight = torch.tensor(rows)
        quantizer = started(name, weight, per_filter).train(training)
        for parameter in quantizer.parameters():
            parameter.data.mul_(learned)
        codes, scale = quantizer(weight, everywhere(weight))
        assert set(codes.unique().tolist()) <= integers_of(name)
        assert codes.dtype == torch.float32
        assert (scale > 0).all()
        assert scale.isfinite().all()
        assert scale.shape == ((len(rows),) if per_filter else ())

    check()


@every
@both
def test_weights_of_zero(name, per_filter):
    weight = torch.zeros(3, 4, requires_grad=True)
    quantizer = started(name, weight.detach(), per_filter)
    for training in (True, False):
        codes, scale = quantizer.train(training)(weight, everywhere(weight))
        assert codes.tolist() == [[1.0 if name == "binary" else 0.0] * 4] * 3
        assert (scale > 0).all()
        (codes.double() * scale.reshape(-1, 1).double()).sum().backward()
        assert weight.grad.isfinite().all()
        assert all(each.grad.isfinite().all() for each in quantizer.parameters())


@every
@both
def test_evaluation_does_not_depend_on_the_order_of_summation(name, per_filter):
    weight = random(2, 500) * 0.3 + 0.05
    quantizer = started(name, weight, per_filter)
    codes, scale = quantizer(weight, everywhere(weight))
    assert scale.dtype == torch.float64
    for seed in range(8):
        order = torch.randperm(500, generator=torch.Generator().manual_seed(seed))
        others, same = quantizer(weight[:, order], everywhere(weight))
        assert torch.equal(others, codes[:, order])
        assert torch.equal(same, scale)


@every
@both
def test_statistics_are_those_of_the_survivors(name, per_filter):
    weight, mask = random(3, 20) + 0.2, torch.arange(60).reshape(3, 20) % 5 > 1
    left = weight[mask].reshape(3, 12)
    quantizer = started(name, left, per_filter)
    for training in (False, True):
        quantizer.train(training)
        expected, scales = quantizer(left, everywhere(left))
        codes, scale = quantizer(weight * mask, mask)
        assert not codes[~mask].any()
        assert torch.equal(codes[mask].reshape(3, 12), expected)
        assert torch.allclose(scale, scales)


@every
@both
def test_nothing_survives(name, per_filter):
    weight, mask = torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.bool)
    for training in (False, True):
        codes, scale = started(name, weight, per_filter).train(training)(weight, mask)
        assert not codes.any()
        assert (scale > 0).all()


@every
def test_a_filter_of_its_own_is_a_layer_of_one(name):
    weight = random(4, 2, 3, 3) * torch.tensor([1.0, 0.1, 10.0, 0.5]).reshape(4, 1, 1, 1)
    codes, scale = started(name, weight, per_filter=True)(weight, everywhere(weight))
    for row in range(4):
        one = weight[row : row + 1]
        expected, its = started(name, one)(one, everywhere(one))
        assert torch.equal(codes[row], expected[0])
        assert scale[row] == its


@every
@both
def test_training_and_evaluation_mean_the_same(name, per_filter):
    weight = random(6, 40)
    quantizer = started(name, weight, per_filter)
    codes, scale = quantizer(weight, everywhere(weight))
    others, its = quantizer.train()(weight, everywhere(weight))
    assert torch.equal(codes, others)
    assert torch.allclose(scale, its.double(), rtol=1e-5)


@every
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4])
def test_the_size_of_weights_is_that_of_the_scale(name, size):
    weight = random(5, 30)
    codes, scale = started(name, weight)(weight, everywhere(weight))
    others, its = started(name, weight * size)(weight * size, everywhere(weight))
    assert torch.equal(codes, others)
    assert its.item() == pytest.approx(scale.item() * size, rel=1e-5)


@every
def test_what_is_learned_starts_again_in_place(name):
    layer = Kit(2, name, per_filter=True).linear(6, 3)
    before = dict(layer.named_parameters())
    with torch.no_grad():
        layer.weight.mul_(4)
        layer.mask[:, :3] = False
    layer.restart()
    assert all(parameter is before[key] for key, parameter in layer.named_parameters())
    fresh = WEIGHTS[name](per_filter=True)
    fresh.start(layer.weight.detach()[:, 3:])
    for key, value in fresh.state_dict().items():
        assert torch.equal(layer.quantizer.state_dict()[key], value)


@every
@both
def test_a_step_in_half_precision(name, per_filter):
    kit = Kit(2, name, per_filter=per_filter)
    model = mlp(Tensor((1, 1, 6), Codes.unsigned(4)), [8], 3, kit)
    images = torch.randint(0, 16, (32, 1, 1, 6), generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(images).value.square().mean()
    loss.backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.any(), key
