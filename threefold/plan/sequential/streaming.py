"""Cycles of an image while its program comes from outside, to the cycle."""

from collections.abc import Sequence
from typing import NamedTuple

from .feed import Feed, FeedClock
from .streamed import StreamedProgram
from .timing import pass_cycles

__all__ = ["Memory", "StreamedRun", "Stretch", "Turn", "streamed_run", "stretches", "turns_of"]

BEGUN = 1
"""Cycles from the start of an image to the beginning of its first pass."""

FREED = 1
"""Cycles from the end of a pass to the first in which its rows may be asked for."""

CHECKED = 2
"""Cycles from the last word of a pass to the first in which it may begin."""

FULL = 3
"""Cycles from the last word that there is room for to the first in which results may leave."""

SETTLED = 1
"""Cycles from the end of a pass to the first in which results may leave, at least."""


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


class Turn(NamedTuple):
    """A pass, as far as the cycles depend on it in which its program comes.

    Attributes
    ----------
    rows : int
        Rows that come for it.
    freed : int
        Rows that are left to others with its end.
    cycles : int
        From its beginning to its end.
    opens : bool
        Whether the next image may enter from its end on.
    ends : bool
        Whether what follows waits until the memory on the chip is full again.
    """

    rows: int
    freed: int
    cycles: int
    opens: bool
    ends: bool


class Memory(NamedTuple):
    """The memory on the chip, and the one outside that it is filled from.

    Attributes
    ----------
    feed : Feed
    rows : int
        Rows on the chip.
    frame : int
        Rows of a frame.
    row_words : int
        Words of a row.
    """

    feed: Feed
    rows: int
    frame: int
    row_words: int

    @classmethod
    def of(cls, program: StreamedProgram) -> "Memory":
        """Those of a program."""
        limits = program.limits
        return cls(program.feed, limits["program"], limits["frame"], program.row_words)


class Stretch(NamedTuple):
    """Cycles of passes that follow each other, from one full memory to the next.

    Attributes
    ----------
    end : int
        End of the last pass, from the cycle in which the first may begin.
    waits : list of int
        Cycles in which each pass waits for its rows.
    filled : int
        Cycles behind the end until the memory on the chip is full again.
    opens : int
        End of the pass with which the next image may enter; 0 if there is none.
    """

    end: int
    waits: list[int]
    filled: int
    opens: int


def turns_of(program: StreamedProgram, form: str) -> list[Turn]:
    """The passes of a program in turn.

    Parameters
    ----------
    program : StreamedProgram
    form : str
        Form of the searches.
    """
    contents = program.contents
    numbers = zip(
        program.lengths, program.freed, contents.tiled, program.copied, program.ending, strict=True
    )
    return [
        Turn(
            rows=rows,
            freed=freed,
            cycles=copied + pass_cycles(contents, each, form),
            opens=place in contents.openings,
            ends=ends,
        )
        for place, (rows, freed, each, copied, ends) in enumerate(numbers)
    ]


def stretches(turns: Sequence[Turn], memory: Memory) -> list[Stretch]:
    """Cycles of passes in turn, each stretch of which begins with a full memory.

    Nothing is asked for then. What comes first in a stretch came before it.

    Parameters
    ----------
    turns : sequence of Turn
    memory : Memory
    """
    frame, words = memory.frame, memory.row_words
    asked, room = divmod(memory.rows, frame)
    made, own, row = list[Stretch](), list[Turn](), 0
    for turn in turns:
        own.append(turn)
        if not turn.ends:
            continue
        clock = FeedClock(memory.feed, frame * words, BEGUN)
        # Last words of the frames behind those that came long ago.
        arrived, now, waits, opens = list[int](), BEGUN, list[int](), 0
        for each in own:
            row += each.rows
            last = -(-row // frame) - 1 - asked
            there = arrived[last] - (-row % frame) * words + CHECKED if last >= 0 else 0
            waits.append(max(0, there - now))
            now += waits[-1] + each.cycles
            opens = now if each.opens else opens
            room += each.freed
            while room >= frame:
                arrived.append(clock.last(clock.take(now + FREED)))
                room -= frame
        filled = max(SETTLED, arrived[-1] + FULL - now) if arrived else SETTLED
        made.append(Stretch(now, waits, filled, opens))
        asked += len(arrived)
        own = []
    return made


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
    (made,) = stretches(turns_of(program, form), Memory.of(program))
    return StreamedRun(made.end + made.filled + 1, made.waits, made.filled, made.opens)
