import numpy as np
import pytest

from threefold.hw.unfolder import Unfolder
from threefold.plan.unfolding import Unfolding
from threefold.plan.window import Window
from threefold.sim.verification import StreamBench, pass_through

from ..elaboration import elaborated
from ..nightly import mostly_nightly

BITS, PAD, IMAGES = 4, 9, 3
WINDOWS = {
    "same": Window((4, 5, 2), (3, 3), (1, 1), (1, 1, 1, 1)),
    "inside": Window((5, 4, 1), (3, 2)),
    "strided": Window((6, 7, 2), (3, 3), (2, 3), (1, 2, 0, 1)),
    "lopsided": Window((4, 3, 3), (2, 3), (3, 1), (1, 2, 4, 5)),
    "behind": Window((3, 8, 1), (2, 2), (1, 1), (0, 0, 1, 1)),
    "beyond": Window((3, 4, 2), (2, 2), (5, 7), (0, 1, 0, 0)),
    "column": Window((5, 1, 2), (3, 1), (1, 1), (2, 0, 1, 0)),
    "framed_column": Window((4, 1, 1), (2, 2), (1, 1), (1, 1, 1, 1)),
    "row": Window((1, 9, 1), (1, 4), (1, 2), (0, 3, 0, 1)),
    "whole_map": Window((3, 3, 2), (3, 3)),
}
CASES = [(name, whole) for name in WINDOWS for whole in (False, True)]


def unfolded(unfolding, images):
    """Patches of maps, by plain loops: padded, cut out, flattened."""
    top, left, bottom, right = unfolding.patch.padding
    (height, width), (down, along) = unfolding.patch.kernel, unfolding.patch.stride
    around = ((0, 0), (top, bottom), (left, right), (0, 0))
    maps = np.pad(images, around, constant_values=PAD)
    return [
        tuple(one[y * down : y * down + height, x * along : x * along + width].ravel().tolist())
        for one in maps
        for y, x in np.ndindex(*unfolding.patch.out)
    ]


@pytest.mark.parametrize("stalls", [0.0, 0.3, 0.7])
@pytest.mark.parametrize(("name", "whole"), CASES)
def test_gives_the_patches_of_maps(name, whole, stalls):
    unfolding = Unfolding(WINDOWS[name], whole)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 2**BITS, (IMAGES, *unfolding.window.shape))
    expected = unfolded(unfolding, images)
    bench = StreamBench(Unfolder(bits=BITS, unfolding=unfolding, pad_code=PAD))
    pixels = images.reshape(-1, unfolding.window.shape[2])
    assert bench.run(pixels, len(expected), stalls=stalls, seed=1).beats == expected


@pytest.mark.parametrize(
    ("name", "whole"),
    mostly_nightly(CASES, always=[("same", False), ("strided", True), ("behind", True)]),
)
def test_takes_a_cycle_for_each_step(name, whole):
    unfolding = Unfolding(WINDOWS[name], whole)
    pixels = np.zeros((IMAGES * unfolding.window.shape[0] * unfolding.window.shape[1], 1), int)
    pixels = pixels.repeat(unfolding.window.shape[2], axis=1)
    count = unfolding.patch.pixels
    unfolder = Unfolder(bits=BITS, unfolding=unfolding, pad_code=PAD)
    left = pass_through(unfolder, pixels, IMAGES * count).left
    ends = np.flatnonzero(unfolding.gives)
    expected = np.add.outer(np.arange(IMAGES) * unfolding.steps, ends - ends[0])
    assert (np.array(left) - left[0]).tolist() == expected.ravel().tolist()


def test_parameters_are_attributes():
    unfolding = Unfolding(WINDOWS["same"])
    dut = elaborated(Unfolder(bits=2, unfolding=unfolding, pad_code=1))
    assert (dut.bits, dut.unfolding, dut.pad_code) == (2, unfolding, 1)
