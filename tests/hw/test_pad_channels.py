# amaranth: UnusedElaboratable=no

import re

import pytest

from threefold.errors import PlanError
from threefold.hw.pad_channels import PadChannels
from threefold.sim.verification import lockstep, pass_through

SIZES = [(1, 0, 0), (1, 1, 1), (2, 0, 1), (2, 3, 0), (3, 2, 2), (4, 1, 3)]


class Model:
    """State: the next beat of the pixel."""

    def __init__(self, beats, before, after):
        self._before, self._last, self._total = before, before + beats, before + beats + after
        self._beat = 0

    def valid(self, i_valid):
        return [i_valid[0] or self._beat >= self._last]

    def ready(self, i_valid, o_ready):
        return [self._before <= self._beat < self._last and o_ready[0]]

    def tick(self, i_valid, o_ready):
        if self.valid(i_valid)[0] and o_ready[0]:
            self._beat = (self._beat + 1) % self._total


def padded(stream, beats, before, after, code):
    """Beats of whole pixels, and what they are padded to."""
    out = []
    for start in range(0, len(stream), beats):
        pixel = stream[start : start + beats]
        out += [(code, code)] * before + pixel + [(code, code)] * after
    return out


def make(beats, before, after):
    return PadChannels(4, lanes=2, beats=beats, before=before, after=after, code=1)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", SIZES)
def test_every_cycle_is_the_models(size, seed):
    entered, left = lockstep(make(*size), Model(*size), cycles=300, seed=seed)
    count = len(left["o"])
    assert count > 20
    assert left["o"] == padded(entered["i"] + [(1, 1)] * size[0], *size, 1)[:count]


@pytest.mark.parametrize("stalls", [0.0, 0.5])
@pytest.mark.parametrize("size", SIZES)
def test_whole_pixels_and_nothing_after_them(size, stalls):
    beats = [(n % 16, n // 16) for n in range(10 * size[0])]
    expected = padded(beats, *size, 1)
    traffic = pass_through(make(*size), beats, len(expected), stalls=stalls)
    assert traffic.beats == expected


def test_without_latency_or_gap():
    traffic = pass_through(make(3, 2, 2), [(n, n) for n in range(9)], 21)
    assert traffic.left == list(range(21))


def test_parameters_are_attributes():
    pad = PadChannels(4, lanes=3, beats=5, before=2, after=1, code=15)
    assert (pad.shape, pad.lanes, pad.beats, pad.before, pad.after, pad.code) == (4, 3, 5, 2, 1, 15)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beats": 0}, "channels are padded around at least 1 beat a pixel, not 0"),
        (
            {"before": -1},
            "the beats added to a pixel cannot be negative: -1 before, 2 after",
        ),
        ({"after": -3}, "the beats added to a pixel cannot be negative: 1 before, -3 after"),
        ({"code": 16}, "a lane of 4 bits does not hold the code 16"),
        ({"code": -1}, "a lane of 4 bits does not hold the code -1"),
    ],
)
def test_refuses(changes, message):
    values = {"beats": 1, "before": 1, "after": 2, "code": 0} | changes
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        PadChannels(4, lanes=1, **values)
