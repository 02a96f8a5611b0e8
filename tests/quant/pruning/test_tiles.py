import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import TrainingError
from threefold.plan import Folding, Schedule
from threefold.quant import TernaryConv, TernaryLinear
from threefold.quant.pruning import Tile

from ...accelerators import make_layer


@st.composite
def layers(draw):
    """A layer of any kind, and the shape of the map that it reads."""
    if draw(st.booleans()):
        inputs, outputs = draw(st.integers(1, 24)), draw(st.integers(1, 12))
        return TernaryLinear(inputs, outputs), (1, 1, inputs)
    groups = draw(st.sampled_from([1, 1, 2, 3, 4]))
    inputs, outputs = groups * draw(st.integers(1, 6)), groups * draw(st.integers(1, 6))
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return TernaryConv(inputs, outputs, kernel, groups=groups), (4, 4, inputs)


sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))


def planned(layer, shape, weights=None):
    """The same layer as the hardware sees it, with ``weights`` (or ones) as PyTorch has them."""
    weights = torch.ones(layer.weight.shape) if weights is None else weights
    codes = weights.reshape(*weights.shape[:2], *(weights.shape[2:] or (1, 1)))
    codes = codes.numpy().transpose(0, 2, 3, 1)
    return make_layer(codes, shape=shape, groups=getattr(layer, "groups", 1))


@given(layers(), sizes)
def test_a_tile_divides_what_an_array_can_be_planned_for(made, size):
    assert Tile(*size).divides(made[0]) == Folding(*size).divides(planned(*made))


@given(layers(), sizes)
def test_the_largest_tile_within_a_size(made, size):
    layer, shape = made
    tile = Tile.within(layer, *size, whole_kernel=True)
    depth = layer.weight.shape[1]
    sizes = (simd for simd in range(1, size[1] + 1) if depth % simd == 0)
    pairs = itertools.product(range(1, size[0] + 1), sizes)
    fitting = [pe * simd for pe, simd in pairs if Folding(pe, simd).divides(planned(layer, shape))]
    assert (tile.pe * tile.simd, tile.whole_kernel) == (max(fitting), True)
    assert tile.pe <= size[0]
    assert tile.simd <= size[1]
    tile.check(layer, "conv1")


@given(layers(), sizes, st.integers(0, 2**31), st.booleans())
def test_pruned_tiles_are_those_a_schedule_skips(made, size, seed, whole_kernel):
    layer, shape = made
    tile = Tile.within(layer, *size, whole_kernel)
    random = torch.Generator().manual_seed(seed)
    kept = torch.rand(tile.norms(layer.weight).shape, generator=random) < 0.4
    mask = tile.mask(kept, layer.weight.shape)
    assert torch.equal(tile.kept(mask), kept)
    schedule = Schedule(planned(layer, shape, mask.float()), Folding(tile.pe, tile.simd))
    expected = np.broadcast_to(kept.numpy(), schedule.occupancy.shape)
    assert np.array_equal(schedule.occupancy, expected)
    empty_groups = int((~kept.flatten(1).any(1)).sum())
    assert schedule.skipped == expected.size - expected.sum() - empty_groups


@given(st.sampled_from([3, 6, 12, 36]), st.integers(0, 2**31))
def test_pruned_columns_of_a_kernel_are_those_a_schedule_skips(simd, seed):
    random = torch.Generator().manual_seed(seed)
    layer, tile = TernaryConv(4, 6, 3, padding=1), Tile(2, simd)
    kept = torch.rand(tile.norms(layer.weight).shape, generator=random) < 0.4
    mask = tile.mask(kept, layer.weight.shape)
    assert torch.equal(tile.kept(mask), kept)
    schedule = Schedule(planned(layer, (4, 4, 4), mask.float()), Folding(2, simd))
    assert np.array_equal(schedule.occupancy, kept.numpy())


@pytest.mark.parametrize("simd", [4, 6, 12, 36])
def test_columns_of_a_tile_are_in_the_order_row_column_channel(simd):
    layer = TernaryConv(4, 2, 3)
    weight = layer.weight.detach()
    plain = weight.permute(0, 2, 3, 1).reshape(2, -1)
    norms = Tile(1, simd).norms(weight).reshape(2, -1)
    for row, word in np.ndindex(*norms.shape):
        part = plain[row, simd * word : simd * word + simd]
        assert norms[row, word].item() == pytest.approx(part.norm().item())


@pytest.mark.parametrize(
    ("layer", "simd"),
    [
        (TernaryConv(4, 8, 3, groups=2), 6),
        (TernaryConv(4, 8, 3), 24),
        (TernaryConv(4, 8, 3, padding=(0, 3, 0, 0)), 12),
        (TernaryConv(4, 8, 3, padding=(3, 0, 0, 0)), 36),
    ],
)
def test_columns_that_no_array_takes_at_once(layer, simd):
    assert not Tile(1, simd).divides(layer)
    assert Tile(1, 2).divides(layer)


def test_whole_kernels_have_channels_only():
    assert Tile(1, 12).divides(TernaryConv(4, 8, 3))
    assert not Tile(1, 12, whole_kernel=True).divides(TernaryConv(4, 8, 3))


@pytest.mark.parametrize("whole_kernel", [False, True])
def test_norms_are_those_of_plain_loops(whole_kernel):
    layer = TernaryConv(6, 8, (3, 2), groups=2)
    tile = Tile(2, 3, whole_kernel)
    norms, weight = tile.norms(layer.weight), layer.weight.detach().numpy().astype(float)
    assert norms.shape == ((4, 1, 1, 1) if whole_kernel else (4, 3, 2, 1))
    for row, i, j, word in np.ndindex(*norms.shape):
        rows, channels = slice(2 * row, 2 * row + 2), slice(3 * word, 3 * word + 3)
        part = weight[rows, channels] if whole_kernel else weight[rows, channels, i, j]
        assert norms[row, i, j, word].item() == pytest.approx(np.sqrt((part**2).sum()))


def test_the_groups_of_the_paper():
    weight = torch.randn(8, 32, 3, 3)
    norms = Tile(1, 16, whole_kernel=True).norms(weight)
    for filter, group in itertools.product(range(8), range(2)):
        part = weight[filter, 16 * group : 16 * group + 16]
        assert norms[filter, 0, 0, group].item() == pytest.approx(part.norm().item())


def test_a_dense_layer_has_one_kernel_position():
    weight = torch.randn(6, 20)
    for whole_kernel in (False, True):
        norms = Tile(3, 5, whole_kernel).norms(weight)
        assert norms.shape == (2, 1, 1, 4)
        assert norms[1, 0, 0, 2].item() == pytest.approx(weight[3:, 10:15].norm().item())


@pytest.mark.parametrize(
    ("layer", "size", "message"),
    [
        (
            TernaryConv(6, 8, 3),
            (3, 4),
            "tiles of conv1 must divide 8 filters × 6 channels or the 18 columns of a kernel row, "
            "not be 3×4; take 2×3",
        ),
        (
            TernaryConv(8, 8, 3, groups=2),
            (8, 2),
            "tiles of conv1 must divide 2 groups of 4 filters × 4 channels, not be 8×2; take 4×2",
        ),
        (
            TernaryLinear(12, 10),
            (4, 5),
            "tiles of conv1 must divide 10 filters × 12 channels, not be 4×5; take 2×4",
        ),
    ],
)
def test_tiles_that_do_not_divide(layer, size, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        Tile(*size).check(layer, "conv1")


def test_a_tile_without_weights():
    with pytest.raises(TrainingError, match=r"^a tile has at least 1×1 weights, not 0×4$"):
        Tile(0, 4)
