import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.plan.banks import Banks
from threefold.plan.window import Window

from .test_window import windows


@st.composite
def banks(draw):
    window = draw(windows())
    pixels = draw(st.integers(1, min(5, window.out[1])))
    return Banks(window.walk(draw(st.integers(1, 3)), pixels))


def places(layout, words):
    """Bank and address of the first words of a stream, by plain loops."""
    window, pitch = layout.walk.window, layout.walk.pitch
    width, turn = window.shape[1], window.stride[1] if layout.count > 1 else 1
    at, result = [0] * layout.count, []
    while len(result) < words:
        for column in range(-(-width // (turn * layout.count)) * turn * layout.count):
            bank = column // turn % layout.count
            for _ in range(pitch):
                if column < width:
                    result.append((bank, at[bank]))
                at[bank] += 1
    return result[:words]


@given(banks(), st.integers(1, 6))
def test_as_many_words_as_the_capacity_never_meet_and_some_of_one_more_do(layout, size):
    depth, words = layout.count << size, 3 * layout.walk.words
    each, capacity = 1 << size, layout.capacity(layout.count << size)
    there = [(bank, address % each) for bank, address in places(layout, words + 2 * depth)]
    for first in range(words):
        held = there[first : first + capacity]
        assert len(set(held)) == len(held)
    if layout.count == 1 or not layout.gap:
        assert capacity == depth or any(
            len(set(there[n : n + capacity + 1])) <= capacity for n in range(words)
        )


@given(banks(), st.integers(1, 200))
def test_depth_is_the_smallest_that_holds_the_words(layout, words):
    depth = layout.depth(words)
    each = depth // layout.count
    assert depth % layout.count == 0
    assert each & (each - 1) == 0
    assert layout.capacity(depth) >= words
    assert each == 2 or layout.capacity(depth // 2) < words


@given(banks())
def test_pixels_read_banks_of_their_own_wherever_the_kernel_is(layout):
    window, pitch, width = layout.walk.window, layout.walk.pitch, layout.walk.window.shape[1]
    found = places(layout, window.shape[0] * width * pitch)
    for column in range(window.kernel[1]):
        for step in range(layout.walk.shape[1]):
            first = step * layout.count * window.stride[1] - window.padding[1] + column
            columns = [first + pixel * window.stride[1] for pixel in range(layout.count)]
            read = [found[each * pitch] for each in columns if 0 <= each < width]
            assert len({bank for bank, _ in read}) == len(read)
            for pixel, each in enumerate(columns):
                if 0 <= each < width:
                    bank = (layout.firsts[column * pitch] + pixel) % layout.count
                    further = layout.block * int(bank < layout.firsts[column * pitch])
                    base = step * window.stride[1] * pitch
                    address = base + int(layout.offsets[column * pitch]) + further
                    assert found[each * pitch] == (bank, address)


@pytest.mark.parametrize(
    ("window", "pixels", "row", "gap", "depth"),
    [
        (Window((8, 8, 1), (3, 3)), 1, 8, 0, 32),
        (Window((8, 8, 1), (3, 3)), 2, 4, 0, 32),
        (Window((8, 8, 1), (3, 3)), 3, 3, 1, 24),
        (Window((8, 8, 1), (3, 3), (2, 2)), 2, 4, 0, 32),
        (Window((8, 7, 1), (3, 3), (2, 2)), 2, 4, 1, 32),
    ],
)
def test_layout(window, pixels, row, gap, depth):
    layout = Banks(window.walk(1, pixels))
    assert (layout.row, layout.gap, layout.depth(20)) == (row, gap, depth)
