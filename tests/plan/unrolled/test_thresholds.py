import numpy as np
import pytest

from threefold.plan.unrolled.thresholds import line_of, threshold_latency


@pytest.mark.parametrize(
    ("thresholds", "largest", "line"),
    [
        ([4, 8, 12], 100, (0, 2)),
        ([5, 6, 7], 100, (-4, 0)),
        ([0, 0, 3], 100, (381, 7)),
        ([0, 5, 13, 21, 29, 37, 45], 50, (11, 3)),
        ([0, 0, 0], 9, (54, 4)),
        ([10, 10, 10], 9, (6, 4)),
        ([3], 9, (13, 4)),
        ([4, 8, 13], 100, None),
        ([4, 7, 10], 100, None),
        ([4, 4, 8], 100, None),
        ([4, 8], 100, None),
    ],
)
def test_line(thresholds, largest, line):
    found = line_of(np.array(thresholds), largest)
    assert found == line
    if found:
        values = np.arange(largest + 1)
        codes = np.clip((values + found.offset) >> found.shift, 0, len(thresholds))
        reached = values[:, None] >= np.array(thresholds)
        assert codes.tolist() == reached.sum(axis=1).tolist()


def test_latency():
    assert [threshold_latency(bits, lines=False) for bits in (1, 2, 4)] == [2, 2, 4]
    assert threshold_latency(4, lines=True) == 2
