import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from threefold.plan.unfolding import Axis, Unfolding
from threefold.plan.window import Window

from .test_window import windows


@st.composite
def unfoldings(draw):
    window, whole = draw(windows()), draw(st.booleans())
    assume(window.padding[1] < window.kernel[1])
    assume(not whole or window.padding[0] < window.kernel[0])
    return Unfolding(window, whole)


def patches(unfolding):
    """Patches in order: for each code the place in the map, or None in the padding."""
    patch, (height, width, channels) = unfolding.patch, unfolding.window.shape
    for y, x in np.ndindex(*patch.out):
        first = y * patch.stride[0] - patch.padding[0], x * patch.stride[1] - patch.padding[1]
        codes = []
        for row, column, channel in np.ndindex(*patch.kernel, channels):
            place = first[0] + row, first[1] + column, channel
            inside = 0 <= place[0] < height and 0 <= place[1] < width
            codes.append(place if inside else None)
        yield codes


@given(unfoldings())
def test_steps_take_all_pixels_and_give_each_patch_when_it_is_complete(unfolding):
    height, width, _ = unfolding.window.shape
    assert len(unfolding.takes) == len(unfolding.gives) == unfolding.steps
    assert unfolding.takes.sum() == height * width
    assert unfolding.gives.sum() == unfolding.patch.pixels
    there = np.cumsum(unfolding.takes)[unfolding.gives]
    for count, codes in zip(there, patches(unfolding), strict=True):
        needed = [y * width + x for y, x, _ in filter(None, codes)]
        assert max(needed, default=0) < count


@given(unfoldings())
def test_no_step_could_be_left_out(unfolding):
    assert all(axis.takes[-1] or axis.gives[-1] for axis in unfolding.axes)
    assert unfolding.takes[0]


@given(unfoldings())
def test_windows_over_patches_are_those_over_pixels(unfolding):
    window, rest = unfolding.window, unfolding.rest
    given, channels = list(patches(unfolding)), window.shape[2]
    assert rest.out == window.out
    assert rest.shape == (*unfolding.patch.out, unfolding.codes)
    for y, x in np.ndindex(*window.out):
        read = []
        for row, column in np.ndindex(*rest.kernel):
            at = y * rest.stride[0] - rest.padding[0] + row, x * rest.stride[1] + column
            inside = 0 <= at[0] < rest.shape[0]
            read += given[at[0] * rest.shape[1] + at[1]] if inside else [None] * unfolding.codes
        expected = []
        for row, column, channel in np.ndindex(*window.kernel, channels):
            place = (
                y * window.stride[0] - window.padding[0] + row,
                x * window.stride[1] - window.padding[1] + column,
                channel,
            )
            inside = all(0 <= n < size for n, size in zip(place[:2], window.shape, strict=False))
            expected.append(place if inside else None)
        assert read == expected


@pytest.mark.parametrize(
    ("window", "whole", "axes"),
    [
        (Window((32, 32, 3), (3, 3), padding=(1,) * 4), False, ((32, 32, 0, 1), (32, 33, 1, 1))),
        (Window((32, 32, 3), (3, 3), padding=(1,) * 4), True, ((32, 33, 1, 1), (32, 33, 1, 1))),
        (Window((28, 28, 1), (5, 5)), True, ((28, 28, 4, 1), (28, 28, 4, 1))),
        (
            Window((224, 224, 3), (7, 7), (2, 2), (3,) * 4),
            True,
            ((224, 226, 3, 2), (224, 226, 3, 2)),
        ),
        (
            Window((224, 224, 3), (7, 7), (2, 2), (3,) * 4),
            False,
            ((224, 224, 0, 1), (224, 226, 3, 2)),
        ),
    ],
)
def test_axes(window, whole, axes):
    unfolding = Unfolding(window, whole)
    assert unfolding.axes == tuple(Axis(*axis) for axis in axes)
    assert unfolding.steps == axes[0][1] * axes[1][1]
