"""Cycles of an image while its program comes from outside, to the cycle."""

from typing import NamedTuple

from .feed import FeedClock
from .streamed import StreamedProgram
from .timing import pass_cycles

__all__ = ["StreamedRun", "streamed_run"]

BEGUN = 1
"""Cycles from the start of an image to the beginning of its first pass."""

FREED = 1
"""Cycles from the end of a pass to the first in which its rows may be asked for."""

CHECKED = 2
"""Cycles from the last word of a pass to the first in which it may begin."""

FULL = 2
"""Cycles from the last word that there is room for to the first in which results may leave."""


class StreamedRun(NamedTuple):
    """Cycles of an image.

    It starts with the last of its beats that enters, or in the cycle behind the last beat of the
    one before that leaves, whichever is later.

    Attributes
    ----------
    cycles : int
        From its start to the first beat that leaves.
    waits : list of int
        Cycles in which each pass waits for its rows.
    filled : int
        Cycles at the end in which results wait until the memory on the chip is full again.
    opens : int
        Cycles from its start to the first in which the next may enter; 0 if that waits until all
        results have left.
    """

    cycles: int
    waits: list[int]
    filled: int
    opens: int


def streamed_run(program: StreamedProgram, form: str) -> StreamedRun:
    """Cycles of an image whose program comes from its feed.

    It begins with a full memory: nothing is asked for then. That holds for the next one, too, since
    results leave only when all that there is room for has come.

    Parameters
    ----------
    program : StreamedProgram
    form : str
        Form of the searches.
    """
    clock = FeedClock(program.feed, program.frame_words, BEGUN)
    depth, frame = program.limits["program"], program.limits["frame"]
    # Last words of the frames asked for; those that are there at first came long ago.
    arrived = [-CHECKED] * (depth // frame)
    room, now, waits, ends = depth % frame, BEGUN, [], []
    for end, length, each, copied in zip(
        program.starts[1:],
        program.lengths,
        program.contents.tiled,
        program.copied,
        strict=True,
    ):
        there = arrived[-(-end // frame) - 1] - (-end % frame) * program.row_words + CHECKED
        waits.append(max(0, there - now))
        now += waits[-1] + copied + pass_cycles(program.contents, each, form)
        ends.append(now)
        room += length
        while room >= frame:
            arrived.append(clock.last(clock.take(now + FREED)))
            room -= frame
    filled = max(0, arrived[-1] + FULL - now)
    opens = program.contents.opens
    opened = 0 if opens is None else ends[opens]
    return StreamedRun(now + filled + 2, waits, filled, opened)
