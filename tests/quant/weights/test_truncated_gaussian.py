import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant import TruncatedGaussian
from threefold.quant.weights.truncated_gaussian import hazard

NORMAL = statistics.NormalDist()
rows = st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=30).filter(
    lambda row: statistics.stdev(row) > 1e-3
)


def started(weight, delta=None, per_filter=False):
    tga = TruncatedGaussian(per_filter=per_filter)
    tga.start(weight)
    if delta is not None:
        tga.delta.data.fill_(delta)
    return tga


def tail(z):
    """φ / (1 − Φ)."""
    return NORMAL.pdf(z) / (1 - NORMAL.cdf(z))


@given(st.floats(0, 3))
def test_the_hazard_of_the_normal_distribution(z):
    value = hazard(torch.tensor(z, dtype=torch.float64)).item()
    assert value == pytest.approx(tail(z), rel=1e-12)


def formula(row, delta):
    """The paper's definition in plain Python: codes that are certain, and the scale."""
    mean, deviation = statistics.fmean(row), statistics.stdev(row)
    distance = min(abs(delta), 3 * deviation)
    scale = mean + deviation * tail(distance / deviation)
    codes = [
        None if abs(abs(w - mean) - distance) < 1e-6
        else math.copysign(1, w - mean) * (abs(w - mean) > distance)
        for w in row
    ]  # fmt: skip
    return codes, scale


@pytest.mark.parametrize("training", [False, True])
def test_what_is_meant_is_what_the_paper_means(training):
    @given(rows, st.floats(-2, 2, width=32))
    def check(row, delta):
        weight = torch.tensor(row)
        tga = started(weight, delta).train(training)
        codes, scale = tga(weight, torch.ones_like(weight, dtype=torch.bool))
        expected, factor = formula(row, delta)
        assert scale.item() == pytest.approx(abs(factor), rel=1e-3, abs=1e-5)
        if abs(factor) > 1e-5:
            side = math.copysign(1, factor)
            for code, its in zip(codes.tolist(), expected, strict=True):
                assert its is None or code == side * its

    check()


def test_thresholds_start_at_a_share_of_the_largest_weight():
    weight = torch.tensor([[0.5, -2.0], [0.1, 0.2]])
    assert started(weight).delta.item() == pytest.approx(0.1)
    filters = started(weight, per_filter=True)
    assert filters.delta.tolist() == pytest.approx([0.1, 0.01])
    assert filters.learned_thresholds() == [filters.delta]
    assert not filters.learned_scales()


def gradients(weight, gradient, delta):
    """dL/dw and dL/dδ where dL/dWq is ``gradient``, and the codes."""
    weight = weight.clone().requires_grad_()
    tga = started(weight.detach()).double()
    tga.delta.data.fill_(delta)
    codes, scale = tga(weight, torch.ones_like(weight, dtype=torch.bool))
    (codes * scale * gradient).sum().backward()
    return weight.grad, tga.delta.grad.item(), codes.detach()


@pytest.mark.parametrize("shift", [0.1, -9.0])  # the factor is positive, and negative
@pytest.mark.parametrize("delta", [0.4, -0.7, 1e-3, -50.0])
def test_gradients_are_those_of_the_paper(delta, shift):
    random = torch.Generator().manual_seed(3)
    weight = torch.randn(50, dtype=torch.float64, generator=random)
    weight[:3] = torch.tensor([8.0, 9.0, -8.0])  # beyond three standard deviations
    weight += shift
    gradient = torch.randn(50, dtype=torch.float64, generator=random)
    grad_weight, grad_delta, codes = gradients(weight, gradient, delta)
    mean, deviation = weight.mean(), weight.std()
    z = min(abs(delta) / deviation.item(), 3)
    lam, free = tail(z), abs(delta) < 3 * deviation
    side = math.copysign(1, mean.item() + deviation.item() * lam)
    through = (gradient * side * codes).sum().item()  # Σ dL/dWq · T
    slope = math.copysign(1, delta) * lam * (lam - z) if free else 0
    assert grad_delta == pytest.approx(through * slope, rel=1e-9)
    to_deviation = lam - z * lam * (lam - z)
    expected = gradient + through * (1 / 50 + to_deviation * (weight - mean) / (49 * deviation))
    assert torch.allclose(grad_weight, expected, rtol=1e-9)


@pytest.mark.parametrize("delta", [0.4, -0.7])
def test_the_gradient_of_the_threshold_is_the_slope_of_the_loss_for_the_same_codes(delta):
    random = torch.Generator().manual_seed(1)
    row = torch.randn(40, dtype=torch.float64, generator=random).tolist()
    gradient = torch.randn(40, dtype=torch.float64, generator=random)
    _, grad_delta, codes = gradients(torch.tensor(row, dtype=torch.float64), gradient, delta)
    ahead, behind = (formula(row, delta + step)[1] for step in (1e-6, -1e-6))
    slope = (gradient * codes).sum().item() * (ahead - behind) / 2e-6
    assert grad_delta == pytest.approx(slope, rel=1e-5)
