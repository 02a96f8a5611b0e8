import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import NetworkError
from threefold.network import Kept

BLOCKS = st.integers(1, 4).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size)))
KEPT = st.builds(Kept, st.lists(BLOCKS, min_size=1, max_size=3).map(tuple), st.integers(1, 3))


def places(kept):
    """The channels that are kept, one by one."""
    pixel = []
    for channels, used in kept.blocks:
        pixel += [True] * used + [False] * (channels - used)
    return np.flatnonzero(pixel * kept.pixels)


@given(KEPT)
def test_what_is_taken_is_what_is_kept(kept):
    expected = places(kept)
    array = np.arange(kept.channels * 6).reshape(2, kept.channels, 3)
    assert np.array_equal(kept.take(array, 1), array[:, expected])
    assert np.array_equal(kept.take(array[0], 0), array[0][expected])
    assert kept.used == len(expected)
    assert kept.is_whole == (kept.used == kept.channels)
    assert not kept.is_first or list(expected) == list(range(kept.used))


@given(KEPT, KEPT, st.integers(1, 3))
def test_joined_and_flattened(first, second, pixels):
    beside = [*places(first), *(first.channels + places(second))]
    assert list(places(first.beside(second))) == beside
    flat = [first.channels * pixel + place for pixel in range(pixels) for place in places(first)]
    assert list(places(first.flattened(pixels))) == flat


def test_blocks_that_are_whole_are_one():
    assert Kept(((2, 2), (3, 3), (4, 1))) == Kept.first(9, 6)
    assert Kept.first(4).flattened(3) == Kept.first(12)
    assert Kept.first(4, 2).beside(Kept.first(4)) != Kept.first(8, 6)
    assert Kept.first(5, 5).is_whole
    assert Kept.first(5, 4).is_first


@pytest.mark.parametrize(
    "made",
    [
        lambda: Kept(((2, 1),) * 300),
        lambda: Kept.first(2, 1).flattened(300).beside(Kept.first(1)),
    ],
)
def test_more_blocks_than_any_network_has(made):
    with pytest.raises(
        NetworkError,
        match=r"^channels are kept in 300 blocks, but 256 are the most; concatenate fewer tensors$",
    ):
        made()
