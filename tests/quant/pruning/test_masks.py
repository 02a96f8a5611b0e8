import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.quant import WEIGHTS
from threefold.quant.pruning import Pruning, counts, prune, prune_collapsed, select

from .models import grouped, randomize

EVERYWHERE = {"first": True, "last": True}


def tiled(seed=0, **options):
    layers = select(grouped(seed=seed), Pruning(**{"tile": (2, 4), **EVERYWHERE, **options}))
    randomize((each.layer for each in layers), seed)
    return layers


@given(st.floats(0, 0.99), st.booleans(), st.integers(0, 99))
def test_every_layer_loses_its_fraction(fraction, whole_kernel, seed):
    layers = tiled(seed, whole_kernel=whole_kernel)
    prune(layers, fraction)
    for each in layers:
        groups, total = len(each.kept), each.kept.numel()
        gone = total - int(each.kept.sum())
        assert gone == min(round(fraction * total), total - groups)
        assert each.kept.flatten(1).any(1).all()


@given(st.floats(0, 0.99), st.integers(0, 99))
def test_the_network_loses_its_fraction(fraction, seed):
    layers = tiled(seed)
    prune(layers, fraction, "network")
    total = sum(each.kept.numel() for each in layers)
    kept = sum(int(each.kept.sum()) for each in layers)
    assert total - kept == min(round(fraction * total), total - sum(len(e.kept) for e in layers))
    for each in layers:
        assert each.kept.flatten(1).any(1).all()


def test_the_smallest_tiles_of_a_layer_go():
    layers = tiled()
    before = [each.norms.detach().clone() for each in layers]
    prune(layers, 0.5)
    for each, norms in zip(layers, before, strict=True):
        # The largest of each group of filters stays, however small.
        others = norms < norms.flatten(1).amax(1)[:, None, None, None]
        assert norms[each.kept & others].min() > norms[~each.kept].max()


def test_the_smallest_tiles_of_a_network_go_whatever_the_size_of_layers_and_tiles():
    layers = tiled()
    with torch.no_grad():
        for size, each in enumerate(layers):
            each.layer.weight.mul_(10.0**size)
    scores = []
    for each in layers:
        weight = each.layer.weight.detach().double().numpy()
        members = each.tile.blocks(each.layer.weight).shape[-1]
        scores.append(each.norms.detach().numpy() / members**0.5 / np.sqrt((weight**2).mean()))
    prune(layers, 0.3, "network")
    gone = max(score[~each.kept.numpy()].max() for each, score in zip(layers, scores, strict=True))
    for each, score in zip(layers, scores, strict=True):
        others = score < score.reshape(len(score), -1).max(axis=1)[:, None, None, None]
        assert score[each.kept.numpy() & others].min() > gone


def test_pruned_tiles_never_come_back():
    layers = tiled()
    prune(layers, 0.3)
    gone = [~each.kept for each in layers]
    randomize((each.layer for each in layers), seed=1)
    prune(layers, 0.6)
    prune(layers, 0.1)
    for each, before in zip(layers, gone, strict=True):
        assert not (each.kept & before).any()
        assert int((~each.kept).sum()) == min(
            round(0.6 * before.numel()), before.numel() - len(before)
        )


def test_pruned_weights_are_zero():
    layers = tiled()
    prune(layers, 0.5)
    for each in layers:
        assert not each.layer.weight[~each.layer.mask].any()


@pytest.mark.parametrize("scope", ["layer", "network"])
def test_layers_of_zeros_only(scope):
    layers = tiled()
    with torch.no_grad():
        for each in layers:
            each.layer.weight.zero_()
    prune(layers, 0.5, scope)
    for each in layers:
        assert each.kept.flatten(1).any(1).all()


def test_collapsed_tiles_go():
    layers = tiled()
    with torch.no_grad():
        for each in layers:
            blocks = each.tile.mask(each.norms > each.norms.mean(), each.layer.weight.shape)
            each.layer.weight.mul_(torch.where(blocks, 1.0, 1e-4))
    small = [each.norms < 0.01 * each.norms.mean() for each in layers]
    prune_collapsed(layers, 0.01)
    for each, gone in zip(layers, small, strict=True):
        assert gone.any()
        alone = gone.flatten(1).all(1)
        assert torch.equal(~each.kept[~alone], gone[~alone])
        assert (each.kept[alone].flatten(1).sum(1) == 1).all()


@pytest.mark.parametrize("weights", sorted(WEIGHTS))
@pytest.mark.parametrize("per_filter", [False, True])
def test_statistics_are_those_of_the_survivors(weights, per_filter):
    """Scales do not change with the number of pruned weights beside those that are left."""
    quantizer = WEIGHTS[weights](per_filter=per_filter).eval()
    left = torch.randn(8, 12, generator=torch.Generator().manual_seed(0))
    quantizer.start(left)
    wide = torch.cat([left, torch.zeros(8, 36)], 1)
    mask = torch.arange(48).expand(8, 48) < 12
    codes, scale = quantizer(left, torch.ones_like(left, dtype=torch.bool))
    wide_codes, wide_scale = quantizer(wide, mask)
    torch.testing.assert_close(wide_scale, scale)
    assert torch.equal(wide_codes[:, :12], codes)
    assert not wide_codes[:, 12:].any()


def test_counts():
    layers = tiled(whole_kernel=True)
    prune(layers, 0.5)
    assert counts(layers) == {
        "conv1": {"tile": [2, 4], "whole_kernel": True, "tiles": 4, "pruned": 0},
        "conv2": {"tile": [2, 4], "whole_kernel": True, "tiles": 6, "pruned": 0},
        "conv3": {"tile": [2, 1], "whole_kernel": True, "tiles": 6, "pruned": 0},
        "fc1": {"tile": [2, 4], "whole_kernel": True, "tiles": 216, "pruned": 108},
        "fc2": {"tile": [1, 4], "whole_kernel": True, "tiles": 12, "pruned": 6},
    }
