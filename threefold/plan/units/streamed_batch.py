"""Streamed batch: a streamed unit whose images share what is read of the weights of some layers."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from math import ceil
from typing import Any, ClassVar, Self

import numpy as np

from ...errors import PlanError
from ..cycle_model.stages import StageBuilder
from ..sequential import (
    BatchMaps,
    BatchProgram,
    Memory,
    Program,
    StreamedRun,
    Stretch,
    stretches,
    turns_of,
)
from .block import Tap
from .sequential_taps import batch_order
from .streamed import StreamedUnit
from .unit import Decisions

__all__ = ["StreamedBatchUnit"]


@dataclass(frozen=True, eq=False)
class StreamedBatchUnit(StreamedUnit):
    """Streamed unit for images in batches.

    Passes in front of ``shared`` are worked on image by image, those from there to ``apart`` pass
    by pass for all images with one read of their weights, and the others image by image again. So
    maps of all images are in memory together in between. None leaves before the last one of its
    batch has entered.

    Parameters
    ----------
    batch : int
        Images of a batch, 2 or more.
    shared, apart : int
        The first pass of :attr:`passes` that images share, and the one behind the last.

    The others are those of :class:`~threefold.plan.units.streamed.StreamedUnit`.

    Raises
    ------
    PlanError
        As the streamed unit does, or if images cannot share these passes.
    """

    batch: int = field(default=2, kw_only=True)
    shared: int = field(default=1, kw_only=True)
    apart: int = field(default=1, kw_only=True)

    program_kind: ClassVar[type[Program]] = BatchProgram

    kind = "streamed_batch"

    @classmethod
    def sharing(cls, unit: StreamedUnit, *, batch: int, shared: int, apart: int) -> Self:
        """A streamed unit for images in batches, with limits for its program.

        Raises
        ------
        PlanError
            If images cannot share these passes.
        """
        own: dict[str, Any] = {
            each.name: getattr(unit, each.name) for each in fields(unit) if each.name != "limits"
        }
        own |= {"batch": batch, "shared": shared, "apart": apart}
        return cls(**own).made_loadable()

    @property
    def maps_kind(self) -> Any:
        return partial(BatchMaps, batch=self.batch, shared=self.shared, apart=self.apart)

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        own = {name: getattr(self, name) for name in ("batch", "shared", "apart")}
        return super().variants({**fixed, **own})

    def placed(self, fixed: Decisions) -> Self:
        names = ("batch", "shared", "apart")
        own = {name: fixed.get(name, getattr(self, name)) for name in names}
        return replace(super().placed(fixed), **own)

    @cached_property
    def program(self) -> BatchProgram:
        """What comes from outside, for all images of a batch."""
        if not self.limits:
            raise PlanError(f"{self.name!r} has no room for a program; see made_loadable")
        return BatchProgram(self.contents)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Cycles of a batch, each stretch from one full memory to the next."""
        return stretches(turns_of(self.program, self.form), Memory.of(self.program))

    @cached_property
    def streamed_run(self) -> StreamedRun:
        """Cycles of a batch to the first beat that leaves, and all waits; its first opening."""
        cycles = 0
        for _, own, _, leaves in self.table.tolist():
            cycles += own
            if leaves:
                break
        return StreamedRun(
            cycles,
            [wait for each in self.stretches for wait in each.waits],
            sum(each.filled for each in self.stretches),
            self.stretches[0].opens,
        )

    @cached_property
    def table(self) -> np.ndarray:
        """Stretches as the cycle model takes them: int64, shape (stretches, 4)."""
        program, rows, awaits = self.program, [], 1
        ends = [place for place, ends in enumerate(program.ending) if ends]
        for place, each in zip(ends, self.stretches, strict=True):
            leaves = int(place in program.leaves)
            rows.append([awaits, each.end + each.filled + leaves, each.opens, leaves])
            awaits = int(place in program.awaits)
        return np.array(rows, np.int64)

    @cached_property
    def batch_interval(self) -> int:
        """Least cycles between batches."""
        entering, now, there, begun = self.i_beats * self.i_words, 0, 0, [0, 0]
        for number in range(2):
            for place, (awaits, cycles, opens, leaves) in enumerate(self.table.tolist()):
                now = max(now, there if awaits else 0)
                begun[number] = begun[number] if place else now
                there = now + opens + entering - 1 if opens else there
                now += cycles + leaves * self.o_beats
        return max(now, there) - begun[1]

    @property
    def interval(self) -> int:
        return ceil(self.batch_interval / self.batch)

    @property
    def opens(self) -> int:
        """Cycles from the beginning of a batch to the first in which the second image may enter."""
        return self.stretches[0].opens

    @property
    def entry_cycles(self) -> int:
        return min(int(row[1] - row[2]) for row in self.table[: self.batch - 1])

    @property
    def taps(self) -> tuple[Tap, ...]:
        """As those of the streamed unit; where images share passes, all of a batch together."""
        made, passes = [], self.passes[self.shared : self.apart]
        of = {layer.stream: each for each in passes for layer in each.seen}
        for tap in super().taps:
            if tap.stream in of and tap.port != "o":
                order = batch_order(tap, of[tap.stream], self.contents, self.batch)
                tap = replace(tap, order=order, images=self.batch)
            made.append(tap)
        return tuple(made)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        if self.parts > 1:
            source = builder.serializer(source, self.i_words)
        words = self.i_beats * self.i_words
        results = builder.turns(source, words, self.o_beats, self.table)
        if self.contents.offsets is None:
            return (results,)
        return (self.leaving(builder, results),)

    def describe(self) -> str:
        return f"{super().describe()} for {self.batch} images at once"
