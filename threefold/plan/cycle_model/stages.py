"""Stages of the cycle model as rows of integers, and the builder that units add theirs with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..program import Program
from ..window import Walk

__all__ = [
    "ADD",
    "ARGMAX",
    "ARRAY",
    "BATCH",
    "CONCAT",
    "CROP",
    "DEPTH",
    "DESERIALIZER",
    "FIFO",
    "FIRST",
    "FORK",
    "INPUT",
    "KIND",
    "LATENCY",
    "NEEDED",
    "OUTPUT",
    "PAD",
    "PIPE",
    "SECOND",
    "SERIALIZER",
    "SINGLE",
    "SKID",
    "STEPS",
    "TABLE",
    "TILES",
    "TURNS",
    "UNFOLD",
    "StageBuilder",
    "Stages",
]

ARRAY, PIPE, SKID, SERIALIZER, DESERIALIZER, ARGMAX, FORK = range(7)
FIFO, ADD, CONCAT, PAD, CROP, BATCH, UNFOLD, TURNS = range(FORK + 1, FORK + 9)
"""Kinds of stages: a closed set, of which the flow control of every block is composed."""

KIND, INPUT, OUTPUT, FIRST, SECOND = range(5)
"""Fields of every row; ``FIRST`` and ``SECOND`` are parameters."""

STEPS, TILES, TABLE, LATENCY, DEPTH, NEEDED, SINGLE = range(FIRST, FIRST + 7)
"""Parameters of an ``ARRAY``; those of the other kinds have no names."""

_FIELDS = SINGLE + 1


@dataclass(frozen=True, eq=False)
class Stages:
    """An accelerator for :func:`threefold.plan.cycle_model.flow.run`.

    Attributes
    ----------
    rows : array of int64, shape (stages, fields)
        Kind, first input stream, first output stream, then the parameters of the kind::

            ARRAY         steps, tiles, place in ``tables``, latency, depth, words of the first
                          window, whether words enter only where none is read
            PIPE          latency, cycles from a beat until the next is accepted
            SKID          none
            SERIALIZER    beats out for one in, whether the next waits for all of them to have left
            DESERIALIZER  beats in for one out
            ARGMAX        channels
            FORK          outputs, whose streams follow each other
            FIFO          depth
            ADD           second input
            CONCAT        second input, beats of the first, of the second
            PAD           beats before, of the input, after, pixels of an image
            CROP          beats that leave, of so many that come
            BATCH         beats in, cycles from the last of them to the first out, beats out, cycles
                          from the last in to the first of the next, or 0 if all have to leave first
            UNFOLD        steps of an image, place in ``tables``
            TURNS         beats in, stretches of passes, beats out, place in ``tables``

    tables : array of int64
        For each ARRAY: for each step the words that the next needs, then those that it frees;
        then for each tile whether a result is complete with it. For each UNFOLD: for each step
        whether it takes a beat, then whether it gives one. For each TURNS: for each stretch what
        :meth:`StageBuilder.turns` is told of it.
    streams : int
        Stream 0 is the input, the last one the output.
    i_beats, o_beats : int
        Beats in which an image enters, and in which its outputs leave.
    fifos : dict of str to int
        Row of each FIFO, by its name.
    narrower : array of int64, shape (widths, stages, fields)
        The same stages at narrower widths of the network, which share ``tables``.
    inside : int
        Images that may have entered and not left.
    """

    rows: np.ndarray
    tables: np.ndarray
    streams: int
    i_beats: int
    o_beats: int
    fifos: dict[str, int]
    narrower: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, _FIELDS), np.int64))
    inside: int = 1 << 62

    @property
    def widths(self) -> np.ndarray:
        """The stages at all widths, the whole network first: (widths, stages, fields)."""
        return np.concatenate([self.rows[None], self.narrower.reshape(-1, *self.rows.shape)])


class StageBuilder:
    """Builder of stages, in the order of flow.

    A method adds a stage; it takes the streams that are read, of which 0 is the accelerator's
    input, and returns those that leave.

    Parameters
    ----------
    width : int
        Width of the network that the stages are for; 0 is the whole.
    """

    def __init__(self, width: int = 0) -> None:
        self.width = width
        self._rows: list[list[int]] = []
        self._tables: list[np.ndarray] = [np.zeros(0, np.int64)]
        self._streams = 1
        self._fifos: dict[str, int] = {}

    def build(
        self,
        *,
        i_beats: int,
        o_beats: int,
        narrower: Sequence["StageBuilder"] = (),
        inside: int = Stages.inside,
    ) -> Stages:
        """All stages that were added.

        Parameters
        ----------
        i_beats, o_beats, inside : int
            As in :class:`Stages`.
        narrower : sequence of StageBuilder
            With the same stages at narrower widths.
        """
        tables, at, rows = [], 0, []
        for builder in (self, *narrower):
            rows.append(builder._padded_rows(at))
            tables += builder._tables
            at += sum(map(len, builder._tables))
        return Stages(
            rows[0],
            np.concatenate(tables),
            self._streams,
            i_beats,
            o_beats,
            dict(self._fifos),
            np.array(rows[1:], np.int64).reshape(-1, *rows[0].shape),
            inside,
        )

    def _padded_rows(self, at: int) -> np.ndarray:
        """Rows of equal length, with tables that begin at a place."""
        rows = np.zeros((len(self._rows), _FIELDS), np.int64)
        for place, row in enumerate(self._rows):
            rows[place, : len(row)] = row
            if row[KIND] in (ARRAY, UNFOLD):
                rows[place, TABLE if row[KIND] == ARRAY else SECOND] += at
        return rows

    def array(
        self, source: int, walk: Walk, program: Program, *, latency: int, depth: int, single: bool
    ) -> int:
        """A reader of windows in an activation buffer, tile by tile.

        Parameters
        ----------
        source : int
        walk : Walk
        program : Program
        latency : int
            Cycles from the last tile of a result to the result.
        depth : int
            Words of the buffer.
        single : bool
            Whether words enter only in cycles in which none is read.
        """
        at = sum(map(len, self._tables))
        self._tables += [walk.needs, walk.frees, program.last.astype(np.int64)]
        parameters = walk.steps, len(program), at, latency - 1, depth, int(walk.needed[0]), single
        return self._add(ARRAY, source, *parameters)

    def pipe(self, source: int, latency: int, interval: int = 1) -> int:
        """A pipeline of ``latency`` cycles that accepts a beat every ``interval``."""
        return self._add(PIPE, source, latency, interval)

    def skid(self, source: int) -> int:
        """A skid buffer."""
        return self._add(SKID, source)

    def serializer(self, source: int, beats: int, *, decoupled: bool = False) -> int:
        """``beats`` out for one in; if ``decoupled`` the next waits until all have left."""
        return self._add(SERIALIZER, source, beats, decoupled)

    def deserializer(self, source: int, beats: int) -> int:
        """One beat out for ``beats`` in."""
        return self._add(DESERIALIZER, source, beats)

    def argmax(self, source: int, channels: int) -> int:
        """One beat out for ``channels`` in, a cycle after the last."""
        return self._add(ARGMAX, source, channels)

    def fork(self, source: int, readers: int) -> tuple[int, ...]:
        """A stream for each of several readers."""
        first = self._add(FORK, source, readers, outputs=readers)
        return tuple(range(first, first + readers))

    def fifo(self, source: int, depth: int, name: str) -> int:
        """A FIFO of ``depth`` beats, known by a name."""
        self._fifos[name] = len(self._rows)
        return self._add(FIFO, source, depth)

    def add(self, one: int, other: int) -> int:
        """One beat out for one of each input."""
        return self._add(ADD, one, other)

    def concat(self, one: int, other: int, beats: tuple[int, int]) -> int:
        """Beats of the one input, then of the other, so many of each a pixel."""
        return self._add(CONCAT, one, other, *beats)

    def pad(self, source: int, before: int, beats: int, after: int, pixels: int) -> int:
        """Further beats before and after those of each of the pixels of an image."""
        return self._add(PAD, source, before, beats, after, pixels)

    def crop(self, source: int, kept: int, beats: int) -> int:
        """The first ``kept`` of every so many beats."""
        return self._add(CROP, source, kept, beats)

    def batch(self, source: int, beats: int, cycles: int, leaving: int, *, opens: int = 0) -> int:
        """All ``leaving`` beats out after all ``beats`` in, the first ``cycles`` after the last.

        Beats of the next enter from ``opens`` cycles after the last on, if that is not 0; else when
        all have left. Its cycles begin when all have left.
        """
        return self._add(BATCH, source, beats, cycles, leaving, opens)

    def turns(self, source: int, beats: int, leaving: int, stretches: np.ndarray) -> int:
        """Passes of several images in stretches, one after the other, over and over.

        Parameters
        ----------
        source : int
        beats, leaving : int
            Beats in which an image enters and leaves.
        stretches : array of int64, shape (stretches, 4)
            Whether it begins with an image that has entered; cycles from its beginning to that of
            the next, or to the first beat that leaves; cycles to the first in which the next image
            may enter, or 0; whether an image leaves with its end. The next begins when it has.
        """
        at = sum(map(len, self._tables))
        self._tables.append(np.asarray(stretches, np.int64).ravel())
        return self._add(TURNS, source, beats, len(stretches), leaving, at)

    def unfold(self, source: int, takes: np.ndarray, gives: np.ndarray) -> int:
        """A shift register of pixels, which patches leave.

        Parameters
        ----------
        source : int
        takes, gives : array of bool, shape (steps,)
            Which steps take a pixel, and which complete a patch.
        """
        at = sum(map(len, self._tables))
        self._tables += [takes.astype(np.int64), gives.astype(np.int64)]
        return self._add(UNFOLD, source, len(takes), at)

    def _add(self, kind: int, source: int, *parameters: int, outputs: int = 1) -> int:
        output, self._streams = self._streams, self._streams + outputs
        self._rows.append([kind, source, output, *map(int, parameters)])
        return output
