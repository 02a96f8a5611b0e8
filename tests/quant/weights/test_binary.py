import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant import Binary
from threefold.quant.weights import tight_sign


def started(weight, per_filter=False):
    binary = Binary(per_filter=per_filter)
    binary.start(weight)
    return binary


def test_signs_of_what_is_left():
    weight = torch.tensor([[0.5, -0.25, 0.0, -0.0], [0.0, -3.0, 1e-30, 0.0]])
    mask = torch.tensor([[True, True, True, True], [False, True, True, False]])
    codes, scale = started(weight).eval()(weight, mask)
    assert codes.tolist() == [[1, -1, 1, 1], [0, -1, 1, 0]]
    assert scale.item() == pytest.approx(3.75 / 4)


def test_scales_start_at_the_mean_magnitude_of_weights_that_are_not_pruned():
    weight = torch.tensor([[0.5, -1.5], [0.0, 3.0]])
    assert started(weight).scale.item() == pytest.approx(5 / 3)
    filters = started(weight, per_filter=True)
    assert filters.scale.tolist() == [1, 3]
    assert filters.learned_scales() == [filters.scale]
    assert not filters.learned_thresholds()


def derivative(x):
    size = abs(x)
    return 2 - 4 * size if size <= 0.4 else 0.4 if size <= 1 else 0


@given(st.floats(-2, 2))
def test_the_tight_derivative(value):
    x = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    sign = tight_sign(x)
    (3 * sign).backward()
    assert sign.item() == (1 if value >= 0 else -1)
    assert x.grad.item() == pytest.approx(3 * derivative(value))


@pytest.mark.parametrize("factor", [1, -1])
def test_gradients_of_weights_and_scale(factor):
    weight = torch.tensor([[0.5, -0.1], [0.0, -1.5]], requires_grad=True)
    gradient = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    binary = started(weight.detach())
    binary.scale.data.mul_(factor)
    codes, scale = binary(weight, torch.ones(2, 2, dtype=torch.bool))
    assert scale.item() == pytest.approx(0.7)
    (codes * scale * gradient).sum().backward()  # so that dL/dWq is `gradient`
    slopes = torch.tensor([[0.4, 1.6], [2.0, 0.0]])
    assert torch.allclose(weight.grad, gradient * 0.7 * slopes)
    assert binary.scale.grad.item() == pytest.approx(factor * (1 - 2 + 3 - 4))
