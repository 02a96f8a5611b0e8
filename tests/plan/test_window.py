import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.plan.window import Edges, Window

from ..windows import READERS


@st.composite
def windows(draw):
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kernel = draw(st.integers(1, min(height, 4))), draw(st.integers(1, min(width, 4)))
    padding = tuple(draw(st.integers(0, size + 1)) for size in kernel * 2)
    stride = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return Window((height, width, draw(st.integers(1, 6))), kernel, stride, padding)


def reads_of(window, pitch):
    """The words that each output pixel reads, by plain loops; none where it is padding alone."""
    height, width, _ = window.shape
    top, left, bottom, right = window.padding
    reads = []
    for y in range(-top, height + bottom - window.kernel[0] + 1, window.stride[0]):
        for x in range(-left, width + right - window.kernel[1] + 1, window.stride[1]):
            words = set()
            for row in range(y, y + window.kernel[0]):
                for column in range(x, x + window.kernel[1]):
                    if 0 <= row < height and 0 <= column < width:
                        first = (row * width + column) * pitch
                        words |= set(range(first, first + pitch))
            reads.append(words)
    return reads


@given(windows(), st.integers(1, 3))
def test_out_is_the_number_of_places_of_the_kernel(window, pitch):
    rows, columns = window.out
    assert rows * columns == window.pixels == len(reads_of(window, pitch))


@given(windows(), st.integers(1, 3))
def test_what_a_pixel_reads_is_there_and_not_yet_freed(window, pitch):
    walk, reads = window.walk(pitch), reads_of(window, pitch)
    assert walk.words == window.shape[0] * window.shape[1] * pitch
    for pixel, words in enumerate(reads):
        assert max(words, default=0) < walk.needed[pixel]
        assert walk.done[pixel] <= min(words, default=walk.needed[pixel])


@given(windows(), st.integers(1, 3))
def test_nothing_is_waited_for_or_kept_that_is_not_read(window, pitch):
    """Pixels wait for the last word of what they or one before them reads, and so for frees."""
    walk, reads = window.walk(pitch), reads_of(window, pitch)
    for pixel in range(len(reads)):
        before, after = set().union(*reads[: pixel + 1]), set().union(*reads[pixel:])
        needed = max(before, default=0) + 1
        assert walk.needed[pixel] == needed
        assert walk.done[pixel] == (pixel and min(after | {needed}))


@given(windows(), st.integers(1, 3), st.integers(1, 4))
def test_steps_add_up_image_after_image(window, pitch, images):
    walk = window.walk(pitch)
    pixels = len(walk.needed)
    needs = walk.needed[0] + np.cumsum(np.tile(walk.needs, images))
    frees = walk.done[0] + np.cumsum(np.tile(walk.frees, images))
    index = np.arange(1, pixels * images + 1)
    assert np.array_equal(needs, index // pixels * walk.words + walk.needed[index % pixels])
    assert np.array_equal(frees, index // pixels * walk.words + walk.done[index % pixels])
    assert walk.needs.min() >= 0
    assert walk.frees.min() >= 0


@given(windows(), st.integers(1, 3), st.integers(1, 8))
def test_a_step_is_its_pixels(window, pitch, pixels):
    one, walk = window.walk(pitch), window.walk(pitch, min(pixels, window.out[1]))
    rows, columns = window.out
    needed, done = one.needed.reshape(rows, columns), one.done.reshape(rows, columns)
    assert walk.shape == (rows, -(-columns // walk.pixels))
    assert walk.steps == len(walk.needed) == len(walk.done)
    for step in range(walk.steps):
        row, place = divmod(step, walk.shape[1])
        taken = slice(place * walk.pixels, (place + 1) * walk.pixels)
        assert walk.needed[step] == needed[row, taken][-1]
        assert done[row, taken][0] <= walk.done[step] <= walk.needed[step]


def moves(walk, depth, images=3):
    """Whether all windows get their words through a ring of ``depth`` words."""
    arrived, freed = 0, int(walk.done[0])
    for image in range(images):
        for pixel in range(len(walk.needed)):
            wanted = image * walk.words + int(walk.needed[pixel])
            arrived = max(arrived, min(wanted, freed + depth))
            if arrived < wanted:
                return False
            freed += int(walk.frees[pixel])
    return True


@given(windows(), st.integers(1, 3))
def test_least_depth_is_enough_and_one_word_less_is_not(window, pitch):
    walk = window.walk(pitch)
    assert moves(walk, walk.least_depth)
    assert not moves(walk, walk.least_depth - 1)


def waits(walk, depth, images=4):
    """Whether a producer that spreads an image's words evenly over its windows ever waits.

    Pixel by pixel, from the first moment at which all windows of the image can be in time.
    """
    pixels, rate = len(walk.needed), walk.words / len(walk.needed)
    ahead = max(walk.needed[pixel] - rate * pixel for pixel in range(pixels))
    for pixel in range(pixels * images):
        image, place = divmod(pixel, pixels)
        arrived = ahead + rate * (pixel + 1)
        if arrived > image * walk.words + walk.done[place] + depth + 1e-9:
            return True
    return False


@given(windows(), st.integers(1, 3))
def test_at_smooth_depth_a_steady_producer_never_waits(window, pitch):
    walk = window.walk(pitch)
    assert walk.smooth_depth >= walk.least_depth
    assert not waits(walk, walk.smooth_depth)
    assert walk.smooth_depth == walk.least_depth or waits(walk, walk.smooth_depth - 1)


@pytest.mark.parametrize(
    ("window", "pitch", "least", "smooth"),
    [
        (Window((1, 1, 8)), 4, 4, 8),
        (Window((8, 8, 4), (3, 3)), 1, 19, 38),
        (Window((8, 8, 4), (3, 3), (1, 1), (1, 1, 1, 1)), 2, 38, 40),
        (Window((8, 8, 4), (2, 2), (2, 2)), 1, 10, 20),
        (Window((1, 16, 2), (1, 5)), 1, 5, 10),
    ],
)
def test_depths(window, pitch, least, smooth):
    walk = window.walk(pitch)
    assert (walk.least_depth, walk.smooth_depth) == (least, smooth)


def test_a_window_over_rows():
    walk = Window((4, 4, 1), (2, 3), (2, 1), (0, 1, 0, 1)).walk(1)
    assert walk.window.out == (2, 4)
    assert walk.needed.tolist() == [6, 7, 8, 8, 14, 15, 16, 16]
    assert walk.done.tolist() == [0, 0, 1, 2, 8, 8, 9, 10]
    assert walk.needs.tolist() == [1, 1, 0, 6, 1, 1, 0, 6]
    assert walk.frees.tolist() == [0, 1, 1, 6, 0, 1, 1, 6]


@pytest.mark.parametrize(
    ("edges", "outside"),
    [
        (Edges(4, 1, 3, 1, 4), {0: [1, 0, 0], 3: [0, 0, 1]}),
        (Edges(2, 2, 3, 0, 5), {}),
        (Edges(2, 3, 2, 4, 3), {0: [1, 1], 1: [1, 0]}),
    ],
)
def test_edges_are_where_a_window_reaches_beyond_the_map(edges, outside):
    assert edges.few
    assert edges.outside == outside


def test_edges_of_many_places_are_not_few():
    assert not Edges(10, 1, 5, 9, 5).few


@pytest.mark.parametrize("name", READERS)
def test_edges_of_a_walk_are_where_it_reads_padding(name):
    reader = READERS[name]
    walk, words = reader.walk, reader.reads(1)
    rows, tiles = walk.rows, len(reader.program)
    for place, word in enumerate(words):
        y, x = divmod(place // tiles, walk.shape[1])
        row = int(reader.program.rows[place % tiles])
        column = int(reader.program.columns[place % tiles])
        for pixel, index in enumerate(word.words):
            beyond = [
                edges.outside[at][where]
                for edges, at, where in ((rows, y, row), (walk.columns(pixel), x, column))
                if at in edges.outside
            ]
            assert (index is None) == any(beyond)
