import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant.weights.moments import moments

rows = st.lists(st.floats(-3, 3, width=32, allow_subnormal=False), min_size=2, max_size=30)


@given(rows, st.floats(2.0**-20, 2.0**10, width=32), st.booleans())
def test_mean_and_deviation_of_a_sample(row, size, exact):
    row = [value * size for value in torch.tensor(row).tolist()]
    weight = torch.tensor(row)
    mean, deviation = moments(weight, weight == weight, per_filter=False, exact=exact)
    largest = max(map(abs, row))
    precise = 1e-9 if exact else 1e-5
    assert mean.item() == pytest.approx(statistics.fmean(weight.tolist()), abs=precise * largest)
    expected = statistics.stdev(weight.tolist())
    assert deviation.item() == pytest.approx(max(expected, 2.0**-36), abs=3e-5 * largest)
    assert mean.dtype == deviation.dtype == (torch.float64 if exact else torch.float32)


@pytest.mark.parametrize("exact", [False, True])
def test_of_each_filter_and_of_what_is_left(exact):
    weight = torch.tensor([[1.0, 2.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    mean, deviation = moments(weight, weight != 0, per_filter=True, exact=exact)
    assert mean.tolist() == [1.5, 5, 0]
    assert deviation.tolist() == pytest.approx([0.5**0.5, 2.0**-36, 2.0**-36])


def test_gradients():
    weight = torch.randn(3, 7, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(3, 7) > 0.3
    for per_filter in (False, True):
        assert torch.autograd.gradcheck(
            lambda w, per_filter=per_filter: moments(
                w * mask, mask, per_filter=per_filter, exact=False
            ),
            weight,
        )
