import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import NetworkError
from threefold.quant import Quantize, QuantTensor
from threefold.thresholds import search

slopes = st.one_of(
    st.just(0.0),
    st.builds(lambda e, s: s * 2.0**e, st.integers(-8, 3), st.sampled_from([-1, 1])),
    st.floats(-3, 3, width=32),
)
shifts = st.one_of(st.integers(-16, 16).map(lambda n: n / 2), st.floats(-40, 40, width=32))
channels = st.tuples(slopes, shifts, st.integers(-60, 0), st.integers(0, 60))


def codes_of(thresholds, sums):
    return (sums[:, :, None] >= thresholds[None]).sum(axis=2)


@settings(deadline=None)
@given(st.lists(channels, min_size=1, max_size=6), st.integers(1, 4), st.integers(-3, 3))
def test_thresholds_give_the_codes_of_the_layer_for_every_accumulator(rows, bits, exponent):
    scale, shift, lo, hi = (np.array(column) for column in zip(*rows, strict=True))
    quantize = Quantize(bits).eval()
    with torch.no_grad():
        # a scale that is a power of two makes ties
        quantize.clip.fill_(quantize.codes.max_code * 2.0**exponent)

    def reference(sums):
        assert (sums >= lo).all()
        assert (sums <= hi).all()
        x = QuantTensor(
            torch.from_numpy(sums).float(), torch.from_numpy(scale), torch.from_numpy(shift)
        )
        return quantize(x).codes.to(torch.int64).numpy()

    thresholds, falling = search(reference, lo, hi, quantize.codes.max_code)
    sign = np.where(falling, -1, 1)
    first, last = np.minimum(sign * lo, sign * hi), np.maximum(sign * lo, sign * hi)
    assert (np.diff(thresholds, axis=1) >= 0).all()
    assert (thresholds >= first[:, None]).all()
    assert (thresholds <= last[:, None] + 1).all()
    for position in np.linspace(0, 1, 121):
        sums = np.round(lo + position * (hi - lo)).astype(np.int64)[None]
        assert np.array_equal(codes_of(thresholds, sums * sign), reference(sums))


def test_always_is_the_smallest_accumulator_and_never_above_the_largest():
    lo, hi = np.array([-5, -5, 0]), np.array([7, 7, 0])
    fixed = np.array([2, 0, 1])
    thresholds, falling = search(lambda sums: np.broadcast_to(fixed, sums.shape), lo, hi, 2)
    assert thresholds.tolist() == [[-5, -5], [8, 8], [0, 1]]
    assert not falling.any()


def test_falling_channel_is_searched_negated():
    lo, hi = np.array([-4]), np.array([6])
    thresholds, falling = search(lambda sums: np.clip((3 - sums) // 2, 0, 3), lo, hi, 3)
    assert falling.tolist() == [True]
    assert thresholds.tolist() == [[-1, 1, 3]]


def test_channels_are_negated_on_request():
    lo, hi = np.array([-4, -4, -4]), np.array([6, 6, 6])

    def reference(sums):
        falls = np.clip((3 - sums[:, 0]) // 2, 0, 3)
        rises = np.clip((sums[:, 2] + 4) // 3, 0, 3)
        return np.stack([falls, np.full(len(sums), 2), rises], axis=1)

    thresholds, falling = search(reference, lo, hi, 3, np.array([False, True, False]))
    assert falling.tolist() == [True, True, False]
    assert thresholds.tolist() == [[-1, 1, 3], [-6, -6, 5], [-1, 2, 5]]
    with pytest.raises(
        NetworkError,
        match=r"^channel 2 rises, but falls at another width; give both the sign of one Norm$",
    ):
        search(reference, lo, hi, 3, np.array([True, True, True]))
