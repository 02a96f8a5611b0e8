import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant import Statistical


def ternarize(weight, ratio=0.05):
    return Statistical(ratio)(weight, torch.ones_like(weight, dtype=torch.bool))


weights = st.lists(
    st.floats(-2, 2, width=32, allow_subnormal=False).filter(lambda w: w == 0 or abs(w) > 1e-6),
    min_size=1,
    max_size=40,
)


def formula(row, ratio):
    """The paper's definition, one weight after the other."""
    threshold = torch.tensor(ratio) * max(abs(w) for w in row)
    large = [abs(w) for w in row if abs(w) >= threshold]
    codes = [1 if w >= threshold else -1 if w < -threshold else 0 for w in row]
    return codes, sum(large) / len(large)


@given(weights.filter(any), st.sampled_from([0.05, 0.1, 0.25, 0.5]))
def test_codes_and_scale_are_those_of_the_paper(row, ratio):
    codes, scale = ternarize(torch.tensor(row), ratio)
    expected, mean = formula(row, ratio)
    assert codes.tolist() == expected
    assert scale.item() == pytest.approx(mean, rel=1e-3, abs=1e-10)


def test_weight_on_the_threshold():
    codes, scale = ternarize(torch.tensor([1.0, 0.25, -0.25, -0.5]), 0.25)
    assert codes.tolist() == [1, 1, 0, -1]
    assert scale.item() == 0.5


def test_zero_weights_stay_zero():
    codes, scale = ternarize(torch.zeros(3, 4))
    assert not codes.any()
    assert scale > 0


def test_scale_does_not_depend_on_the_order_of_summation():
    weight = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    orders = [
        torch.randperm(len(weight), generator=torch.Generator().manual_seed(i)) for i in range(12)
    ]
    assert len({ternarize(weight[order])[1].item() for order in orders}) == 1


def test_gradient_passes_straight_through_inside_the_unit_interval():
    weight = torch.tensor([0.5, -0.01, 0.999, 1.0, -1.5, -0.7], requires_grad=True)
    codes, scale = ternarize(weight)
    gradient = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    (scale.float() * codes * gradient).sum().backward()  # so that dL/dWq is `gradient`
    assert torch.allclose(weight.grad, gradient * torch.tensor([1.0, 1, 1, 0, 0, 1]))
    assert not scale.requires_grad
