import re

import pytest

from threefold.errors import PlanError
from threefold.plan.sequential import Feed, FeedClock


def test_frames_follow_each_other():
    clock = FeedClock(Feed(16, first=5, extra=3), words=10, start=0)
    assert [clock.take(asked) for asked in (4, 4, 17, 60)] == [4, 17, 30, 60]
    assert clock.last(60) == 60 + 5 + 9


def test_a_refresh_that_is_due_comes_first():
    # The one of the image is in cycle 5, and nothing else happens until it is over.
    clock = FeedClock(Feed(16, every=20, busy=4), words=2, start=0)
    assert clock.take(0) == 9
    # Then it is due in 29, 49 and so on.
    assert clock.take(28) == 28
    assert clock.take(48) == 52
    assert clock.take(160) == 160
    assert [clock.take(180), clock.take(0)] == [184, 186]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "'bits' of a feed is missing"),
        (
            {"bits": 16, "frst": 3},
            "'frst' of a feed is unknown; there are bits, first, extra, every, busy, most, holds",
        ),
        ({"bits": "16"}, "'bits' of a feed must be a number from 8 on, not '16'"),
        ({"bits": 4}, "'bits' of a feed must be a number from 8 on, not 4"),
        ({"bits": 20}, "words of a feed have a multiple of 8 bits up to 128, not 20"),
        ({"bits": 16, "first": 0}, "'first' of a feed must be a number from 1 on, not 0"),
        ({"bits": 16, "extra": -1}, "'extra' of a feed must be a number from 0 on, not -1"),
        (
            {"bits": 16, "every": 100},
            "refreshes of a feed have 'every' and 'busy' cycles, the first above the second, not "
            "100 and 0",
        ),
        (
            {"bits": 16, "every": 9, "busy": 9},
            "refreshes of a feed have 'every' and 'busy' cycles, the first above the second, not "
            "9 and 9",
        ),
        (
            {"bits": 16, "first": 5, "extra": 6},
            "'extra' of a feed is at most its 'first', 5, not 6",
        ),
    ],
)
def test_what_is_none_is_refused(values, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Feed.of(values)


def test_it_is_what_it_tells():
    feed = Feed(32, first=9, extra=1, every=300, busy=7, most=64)
    assert Feed.of(feed.to_dict()) == feed
