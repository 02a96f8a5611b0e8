"""Widths chosen by deadlines."""

import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.host import Scheduler

SCHEDULER = Scheduler(intervals=[8, 2, 4], latencies=[10, 3, 6])


@pytest.mark.parametrize(
    ("deadlines", "width"),
    [
        ([10], 0),
        ([9], 2),
        ([5], 1),
        ([2.9], None),
        ([20, 11], 0),  # the second one starts at 8
        ([20, 10.9], 2),
        ([20, 7], 2),
        ([20, 6.9], 1),
        ([20, 4.9], 0),  # the second one is late whatever happens
        ([20, 30, 12.9], 2),  # the third one needs the start at 8, behind two others
        ([2, 30], None),
    ],
)
def test_the_widest_that_keeps_all_deadlines(deadlines, width):
    assert SCHEDULER.pick(0, deadlines) == width
    assert SCHEDULER.pick(100, [100 + each for each in deadlines]) == width


def test_no_request_is_late_that_could_have_been_in_time():
    """Against all choices for short queues, the one after the other."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        deadlines = sorted(rng.uniform(0, 30, rng.integers(1, 6)).tolist())
        now, met = 0.0, 0
        queue = list(deadlines)
        while queue:
            width = SCHEDULER.pick(now, queue)
            due = queue.pop(0)
            if width is None:
                continue
            assert now + SCHEDULER.latencies[width] <= due
            met, now = met + 1, now + SCHEDULER.intervals[width]
        now, fastest = 0.0, 0
        for due in deadlines:  # always the narrowest, but for those that are late
            if now + 3 <= due:
                fastest, now = fastest + 1, now + 2
        assert met == fastest


def test_time_is_kept_for_requests_to_come():
    careful = Scheduler([8, 2, 4], [10, 3, 6], reserve=5)
    assert careful.pick(0, [15]) == 0
    assert careful.pick(0, [14.9]) == 2
    assert careful.pick(0, [10]) == 1  # the narrowest keeps nothing
    assert careful.pick(0, [30, 15]) == 2
    with pytest.raises(DataError, match=r"^the time kept must be at least 0, not -1$"):
        Scheduler([1], [1], reserve=-1)


@pytest.mark.parametrize(
    ("intervals", "latencies", "message"),
    [
        ([], [], "every width has an interval and a latency, not 0 and 0 of them"),
        ([1], [1, 2], "every width has an interval and a latency, not 1 and 2 of them"),
        ([1, 0], [1, 2], "intervals and latencies must be above 0, not 0"),
    ],
)
def test_what_is_no_scheduler(intervals, latencies, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Scheduler(intervals, latencies)
