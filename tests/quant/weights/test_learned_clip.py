import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant import Kit, LearnedClip

rows = st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=30).filter(
    lambda row: statistics.stdev(row) > 1e-3
)


def everywhere(weight):
    return torch.ones_like(weight, dtype=torch.bool)


def clipped(alpha, dtype=torch.float32):
    quantizer = LearnedClip().to(dtype)
    quantizer.clip.data.fill_(alpha)
    return quantizer


@pytest.mark.parametrize("training", [False, True])
def test_codes_are_the_nearest_of_three_values(training):
    @given(rows, st.floats(0.125, 4, width=32))
    def check(row, alpha):
        weight = torch.tensor(row)
        codes, scale = clipped(alpha).train(training)(weight, everywhere(weight))
        mean, deviation = statistics.fmean(row), statistics.stdev(row)
        assert scale.item() == pytest.approx(alpha * deviation, rel=1e-4)
        for w, code in zip(row, codes.tolist(), strict=True):
            ratio = (w - mean) / (deviation * alpha)
            if abs(abs(ratio) - 0.5) > 1e-4:
                assert code == round(max(-1, min(1, ratio)))

    check()


def test_half_is_rounded_to_zero():
    weight = torch.tensor([-1.0, 0.0, 1.0])  # deviation 1
    codes, scale = clipped(2.0).eval()(weight, everywhere(weight))
    assert not codes.any()
    assert scale.item() == 2


def test_clips_start_where_a_normal_distribution_loses_least():
    weight = torch.special.ndtri(torch.linspace(0.001, 0.999, 999)).reshape(3, 333)
    for per_filter in (False, True):
        quantizer = LearnedClip(per_filter=per_filter)
        quantizer.start(weight)
        assert quantizer.clip.shape == ((3,) if per_filter else ())
        assert not quantizer.learned_thresholds()
        assert not quantizer.learned_scales()

    started = quantizer.clip[0].item()
    error = {
        alpha: (torch.mul(*clipped(alpha).eval()(weight, everywhere(weight))) - weight).norm()
        for alpha in (started - 0.05, started, started + 0.05)
    }
    assert min(error, key=error.get) == started


def test_no_filter_starts_without_a_weight():
    # The norm behind it would divide by the square root of nothing.
    for seed in range(20):
        layer = Kit(4, weights="clip", seed=seed).conv(3, 16, 3)
        codes, _ = layer.quantizer(layer.weight, layer.mask)
        assert codes.flatten(1).any(1).all()


@pytest.mark.parametrize("alpha", [0.3, 0.9, 2.5, -0.9])
def test_gradients_are_those_of_the_paper(alpha):
    random = torch.Generator().manual_seed(3)
    weight = torch.randn(50, dtype=torch.float64, generator=random, requires_grad=True)
    gradient = torch.randn(50, dtype=torch.float64, generator=random)
    quantizer = clipped(alpha, torch.float64)
    codes, scale = quantizer(weight, everywhere(weight))
    (codes * scale * gradient).sum().backward()  # so that dL/dWq is `gradient`
    assert torch.allclose(weight.grad, gradient)
    mean, deviation = weight.mean().item(), weight.std().item()
    expected = 0.0
    for w, code, g in zip(weight.tolist(), codes.tolist(), gradient.tolist(), strict=True):
        ratio = (w - mean) / (deviation * abs(alpha))
        beyond = abs(ratio) > 1
        expected += deviation * g * (code if beyond else code - ratio)
    assert quantizer.clip.grad.item() == pytest.approx(expected * (1 if alpha > 0 else -1))


def test_gradients_of_the_clips_of_filters():
    weight = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0))
    quantizer = LearnedClip(per_filter=True)
    quantizer.start(weight)
    codes, scale = quantizer(weight, everywhere(weight))
    (codes * scale.reshape(3, 1, 1)).square().sum().backward()
    for row in range(3):
        one = clipped(quantizer.clip[row].item())
        its, factor = one(weight[row], everywhere(weight[row]))
        (its * factor).square().sum().backward()
        assert quantizer.clip.grad[row].item() == pytest.approx(one.clip.grad.item(), rel=1e-4)
