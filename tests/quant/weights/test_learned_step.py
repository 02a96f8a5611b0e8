import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import TrainingError
from threefold.quant import LearnedStep

BITS = range(2, 9)


def started(weight, bits=4, **options):
    quantizer = LearnedStep(bits, **options)
    quantizer.start(weight)
    return quantizer


def everywhere(weight):
    return torch.ones_like(weight, dtype=torch.bool)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bits", BITS)
def test_codes_are_the_nearest_within_a_narrow_range(bits):
    weight = random(4, 300)
    quantizer = started(weight, bits).eval()
    codes, scale = quantizer(weight, everywhere(weight))
    largest = 2 ** (bits - 1) - 1
    assert (quantizer.largest, quantizer.bits) == (largest, bits)
    assert codes.abs().max() == largest
    expected = (weight.double() / scale).round().clamp(-largest, largest)
    assert torch.equal(codes.double(), expected)
    negated, same = quantizer(-weight, everywhere(weight))
    assert torch.equal(negated, -codes)
    assert same == scale


@given(st.sampled_from(BITS), st.integers(0, 1000), st.booleans())
def test_the_step_starts_at_the_least_error_of_sixteen(bits, seed, per_filter):
    weight = random(3, 20, seed=seed)
    quantizer = started(weight, bits, per_filter=per_filter)
    rows = weight.double() if per_filter else weight.double().reshape(1, -1)
    for row, unit in zip(rows, quantizer.unit.reshape(-1), strict=True):

        def error(step, row=row):
            codes = (row / step).round().clamp(-quantizer.largest, quantizer.largest)
            return (codes * step - row).square().sum()

        steps = [row.abs().max() * n / 16 / quantizer.largest for n in range(1, 17)]
        best = min(steps, key=error)
        assert unit.item() == pytest.approx(best.item(), rel=1e-6)


def test_more_bits_come_nearer():
    weight = random(8, 100)
    errors = []
    for bits in BITS:
        codes, scale = started(weight, bits).eval()(weight, everywhere(weight))
        errors.append((codes * scale - weight).square().mean().item())
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 1000 * errors[-1]


@pytest.mark.parametrize("per_filter", [False, True])
def test_gradients_are_those_of_the_paper(per_filter):
    weight = torch.tensor([[0.9, -0.25, 0.05, -1.6], [0.3, 0.0, -0.7, 2.0]], requires_grad=True)
    quantizer = started(weight.detach(), 3, per_filter=per_filter)
    quantizer.unit.fill_(0.25)
    quantizer.gain.data.fill_(2)  # a step of 0.5, clipped at 1.5
    gradient = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    codes, step = quantizer(weight, everywhere(weight))
    assert codes.tolist() == [[2, -0.0, 0, -3], [1, 0, -1, 3]]
    scale = step.reshape(-1, 1) if per_filter else step
    (scale * codes * gradient).sum().backward()  # so that dL/dWq is `gradient`
    inside = torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 0]])
    assert torch.allclose(weight.grad, gradient * inside)
    slopes = (codes - inside * weight / 0.5).detach() * gradient
    slopes = slopes.sum(1) if per_filter else slopes.sum()
    of_step = slopes / math.sqrt((4 if per_filter else 8) * 3)
    # SGD moves the step, 0.25 · gain, as if it were learned itself.
    assert torch.allclose(0.25 * quantizer.gain.grad, of_step)


def test_the_start_is_taken_again_from_other_weights():
    quantizer = started(random(2, 9), per_filter=True)
    gain = quantizer.gain
    gain.data.fill_(3)
    quantizer.start(4 * random(2, 9, seed=1))
    assert quantizer.gain is gain
    assert gain.tolist() == [1, 1]
    assert torch.equal(quantizer.unit, started(4 * random(2, 9, seed=1), per_filter=True).unit)
    assert not quantizer.learned_scales()


def test_the_printed_form_tells_widths_apart():
    assert str(LearnedStep(3)) == "LearnedStep(bits=3, per_filter=False)"


@pytest.mark.parametrize("bits", [1, 9, 2.0, "4"])
def test_widths_that_cannot_be(bits):
    message = f"integer weights have 2…8 bits, not {bits!r}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        LearnedStep(bits)
