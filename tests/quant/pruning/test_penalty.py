import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant.pruning import Pruning, clipped_lasso, group_lasso, prune, select

from .models import grouped, randomize


def by_hand(layers, clip):
    """The formula of the paper in loops: Σ min(a, r · mean a) over the tiles that are left."""
    total = 0.0
    for each in layers:
        blocks = each.tile.blocks(each.layer.weight.detach().double() * each.layer.mask)
        norms = [sum(w**2 for w in block) ** 0.5 for block in blocks.flatten(0, 3).tolist()]
        kept = each.tile.kept(each.layer.mask).flatten().tolist()
        norms = [norm for norm, there in zip(norms, kept, strict=True) if there]
        mean = sum(norms) / len(norms)
        total += sum(norm if clip is None else min(norm, clip * mean) for norm in norms)
    return total


@pytest.mark.parametrize("clip", [None, 0.7, 1.5])
@pytest.mark.parametrize("whole_kernel", [False, True])
@pytest.mark.parametrize("fraction", [0.0, 0.4])
def test_penalty_is_that_of_the_paper(clip, whole_kernel, fraction):
    model = grouped()
    layers = select(model, Pruning(tile=(2, 4), whole_kernel=whole_kernel, first=True, last=True))
    randomize(each.layer for each in layers)
    prune(layers, fraction)
    assert group_lasso(layers, clip).item() == pytest.approx(by_hand(layers, clip), rel=1e-5)


@pytest.mark.parametrize("clip", [None, 0.7])
def test_gradient_pulls_small_tiles_with_equal_force_and_leaves_clipped_and_pruned_ones(clip):
    model = grouped()
    layers = select(model, Pruning(tile=(2, 4), first=True, last=True))
    randomize(each.layer for each in layers)
    prune(layers, 0.3)
    group_lasso(layers, clip).backward()
    pulled_anywhere = left_anywhere = 0
    for each in layers:
        norms, kept = each.norms.detach(), each.kept
        pulled = kept if clip is None else kept & (norms < clip * norms[kept].mean())
        unit = each.tile.blocks(each.layer.weight.detach()) / norms.clamp(min=1e-30)[..., None]
        expected = torch.where(pulled[..., None], unit, 0)
        gradient = each.tile.blocks(each.layer.weight.grad)
        torch.testing.assert_close(gradient, expected)
        pulled_anywhere += int(pulled.sum())
        left_anywhere += int((kept & ~pulled).sum())
    assert pulled_anywhere > 50
    assert (left_anywhere > 50) == (clip is not None)


@given(
    st.lists(st.floats(0.1, 10), min_size=2, max_size=8), st.floats(0.2, 2), st.integers(0, 2**30)
)
def test_gradient_equals_differences_with_the_limit_held(values, clip, seed):
    norms = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    kept = torch.rand(len(values), generator=torch.Generator().manual_seed(seed)) < 0.7
    kept[0] = True
    limit = clip * norms.detach()[kept].mean()
    step = 1e-6
    if ((norms.detach() - limit).abs() < 2 * step).any():
        return
    clipped_lasso(norms, kept, clip).backward()
    for place in range(len(values)):
        moved = norms.detach().clone(), norms.detach().clone()
        moved[0][place] += step
        moved[1][place] -= step
        high, low = (torch.minimum(each[kept], limit).sum() for each in moved)
        difference = (high - low).item() / (2 * step)
        assert norms.grad[place].item() == pytest.approx(difference, abs=1e-6)


def test_a_layer_without_weights_has_no_penalty():
    norms = torch.zeros(3, requires_grad=True)
    penalty = clipped_lasso(norms, torch.zeros(3, dtype=torch.bool), 0.7)
    penalty.backward()
    assert penalty.item() == 0
    assert norms.grad.tolist() == [0, 0, 0]


def test_tiles_of_norm_zero_have_a_finite_gradient():
    model = grouped()
    layers = select(model, Pruning(tile=(2, 4)))
    with torch.no_grad():
        layers[0].layer.weight[:4] = 0
    group_lasso(layers, 0.7).backward()
    assert layers[0].layer.weight.grad.isfinite().all()
