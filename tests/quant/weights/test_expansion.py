import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import TrainingError
from threefold.quant import WEIGHTS, Expanded, Statistical


def expand(weight, *args, **options):
    return Expanded(*args, **options)(weight, torch.ones_like(weight, dtype=torch.bool))


def ternarize(weight, ratio):
    return Statistical(ratio)(weight, torch.ones_like(weight, dtype=torch.bool))


weights = st.lists(
    st.floats(-2, 2, width=32, allow_subnormal=False).filter(lambda w: w == 0 or abs(w) > 1e-6),
    min_size=1,
    max_size=40,
).map(torch.tensor)
branches = st.lists(
    st.tuples(st.sampled_from([0.02, 0.05, 0.1, 0.25, 0.5, 1.0]), st.integers(1, 3)),
    min_size=1,
    max_size=4,
    unique_by=lambda branch: branch[0],
).map(sorted)


@given(weights, branches)
def test_codes_are_the_branches_times_their_ratios(weight, branches):
    thresholds, ratios = zip(*branches, strict=True)
    codes, _ = expand(weight, thresholds, ratios)
    expected = sum(ratio * ternarize(weight, threshold)[0] for threshold, ratio in branches)
    assert torch.equal(codes, expected)
    assert codes.abs().max() <= Expanded(thresholds, ratios).largest == sum(ratios)


@given(weights.filter(lambda weight: weight.max() > 0), branches)
def test_no_other_scale_is_nearer_to_the_weights(weight, branches):
    codes, scale = expand(weight, *zip(*branches, strict=True))
    assert scale > 0
    codes = codes.double()
    error = weight - scale * codes
    assert (error * codes).sum().abs() < 1e-6  # orthogonal: the minimum of the squared error


@pytest.mark.parametrize("per_filter", [False, True])
def test_one_branch_is_statistical_scaling(per_filter):
    weight = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(weight, dtype=torch.bool)
    codes, scale = Expanded((0.3,), per_filter=per_filter)(weight, mask)
    expected = Statistical(0.3, per_filter=per_filter)(weight, mask)
    assert torch.equal(codes, expected[0])
    assert torch.equal(scale, expected[1])


def test_weights_on_the_thresholds():
    codes, scale = expand(torch.tensor([1.0, 0.5, -0.5, 0.25, -0.25, 0.125]), (0.25, 0.5), (1, 2))
    assert codes.tolist() == [3, 3, -1, 1, 0, 0]
    assert scale.item() == (3 + 1.5 + 0.5 + 0.25) / 20


def test_each_filter_has_a_scale_of_its_own():
    weight = torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(0)) / 2
    codes, scale = expand(weight, per_filter=True)
    assert scale.shape == (3,)
    for row, row_codes, row_scale in zip(weight, codes, scale, strict=True):
        expected = expand(row)
        assert torch.equal(row_codes, expected[0])
        assert torch.equal(row_scale, expected[1])


def test_pruned_weights_count_nowhere():
    weight = torch.randn(40, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(40) % 3 != 0
    codes, scale = Expanded()(weight * mask, mask)
    expected = expand(weight[mask])
    assert not codes[~mask].any()
    assert torch.equal(codes[mask], expected[0])
    assert torch.equal(scale, expected[1])


def test_zero_weights_stay_zero():
    codes, scale = expand(torch.zeros(3, 4), per_filter=True)
    assert not codes.any()
    assert (scale > 0).all()


def test_scale_does_not_depend_on_the_order_of_summation():
    weight = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    orders = [
        torch.randperm(len(weight), generator=torch.Generator().manual_seed(i)) for i in range(6)
    ]
    assert len({expand(weight[order])[1].item() for order in orders}) == 1


def test_gradient_passes_straight_through_inside_the_unit_interval():
    weight = torch.tensor([0.5, -0.01, 0.999, 1.0, -1.5, -0.1], requires_grad=True)
    codes, scale = expand(weight)
    gradient = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    (scale.float() * codes * gradient).sum().backward()  # so that dL/dWq is `gradient`
    assert torch.allclose(weight.grad, gradient * torch.tensor([1.0, 1, 1, 0, 0, 1]))
    assert not scale.requires_grad


@pytest.mark.parametrize(("name", "count"), [("expanded2", 2), ("expanded4", 4)])
def test_expansions_of_the_paper(name, count):
    quantizer = WEIGHTS[name](per_filter=True)
    assert quantizer.per_filter
    assert quantizer.thresholds == (0.05, 0.1, 0.15, 0.2)[:count]
    assert quantizer.ratios == (1,) * count
    assert quantizer.largest == count


def test_the_printed_form_tells_expansions_apart():
    expected = "Expanded(thresholds=(0.05, 0.1), ratios=(2, 1), per_filter=False)"
    assert str(Expanded(ratios=(2, 1))) == expected


@pytest.mark.parametrize(
    ("thresholds", "ratios", "message"),
    [
        *(
            (
                wrong,
                None,
                "thresholds of branches are rising shares of 0…1 of the largest weight, not "
                f"{wrong}",
            )
            for wrong in [(), (0.1, 0.05), (0.1, 0.1), (0.5, 1.5), (float("nan"),)]
        ),
        ((0.05, 0.1), (1,), "2 branches need as many ratios, not (1,)"),
        *(
            (
                (0.05, 0.1),
                wrong,
                "ratios of branches are integers from 1 with a sum of at most 16, not "
                f"{wrong}",
            )
            for wrong in [(0, 1), (1, 0.5), (16, 1)]
        ),
    ],
)  # fmt: skip
def test_expansions_that_cannot_be(thresholds, ratios, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        Expanded(thresholds, ratios)
