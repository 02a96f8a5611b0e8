"""Streamed unit: layers in turn on one array, whose program comes from a memory outside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Self

from ...errors import PlanError
from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import Layer
from ..sequential import (
    Array,
    Feed,
    Maps,
    MapsAhead,
    Pass,
    Program,
    StreamedProgram,
    StreamedRun,
    streamed_run,
)
from ..sequential.joined import joined
from .sequential import SequentialUnit
from .unit import Decisions

__all__ = ["StreamedUnit"]

_OUTSIDE = ("feed", "weights_per_byte")  # decisions about the memory outside
_UNPACKER_LUTS = 135  # for a byte of a word, on ECP5


@dataclass(frozen=True, eq=False)
class StreamedUnit(SequentialUnit):
    """Sequential unit for networks larger than the chip.

    Maps are on the chip. Weights, thresholds and all else come group by group of filters from a
    memory outside, anew for each image, and those of the next group while one is worked on. Where
    a convolution ends a branch, the addition behind it is part of its pass.

    Parameters
    ----------
    feed : dict of str to int
        Values of the :class:`~threefold.plan.sequential.Feed` that they come from.
    weights_per_byte : int
        Weights of a byte of that, one of :data:`~threefold.plan.sequential.DENSITIES`.
    limits : dict of str to int
        Room for them; see :meth:`made_loadable`.

    The others are those of :class:`SequentialUnit`.

    Raises
    ------
    PlanError
        As the sequential unit does, or if the feed is none, maps are in single-port RAM, or the
        memory on the chip is too small for a pass.
    """

    feed: dict = field(default_factory=lambda: Feed(16).to_dict(), kw_only=True)
    weights_per_byte: int = field(default=4, kw_only=True)

    program_kind: ClassVar[type[Program]] = StreamedProgram
    maps_kind: ClassVar[type[Maps]] = MapsAhead

    kind = "streamed"

    def __post_init__(self):
        Feed.of(self.feed)
        if self.memory == "spram":
            raise PlanError(
                f"maps of {self.name!r}, whose program comes from outside, are in auto, block, "
                f"lut or split, not in spram"
            )
        if self.store != "block":
            raise PlanError(
                f"the program of {self.name!r} comes from outside, and is in block RAM meanwhile, "
                f"not in {self.store!r}"
            )
        super().__post_init__()

    @classmethod
    def from_decisions(cls, layers: tuple[Layer, ...], decisions: Decisions) -> Self:
        unit = super().from_decisions(layers, decisions)
        _ = unit.program  # raises without limits
        return unit

    @classmethod
    def decision_names(cls, layers: Sequence[Layer]) -> list[str]:
        return [name for name in super().decision_names(layers) if name != "store"]

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        for unit in super().candidates(layers, fixed):
            try:
                made = unit.made_loadable()
            except PlanError:
                if "pe" in fixed:
                    raise
                continue  # with few lanes rows are too short for the memory, or too many
            yield made

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        own = {name: getattr(self, name) for name in _OUTSIDE}
        return super().variants({**fixed, **own})

    def placed(self, fixed: Decisions) -> Self:
        own = {name: fixed.get(name, getattr(self, name)) for name in _OUTSIDE}
        return replace(super().placed(fixed), **own)

    @property
    def loadable(self) -> bool:
        return False

    @property
    def streamed(self) -> bool:
        return True

    @property
    def array(self) -> Array:
        feed = Feed.of(self.feed)
        return replace(super().array, feed=feed, weights_per_byte=self.weights_per_byte)

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        if self.limits and not self.limits.get("joins"):
            return super().passes  # there is nothing in hardware that adds to codes
        return joined(super().passes, self.array)

    @cached_property
    def program(self) -> StreamedProgram:
        """What comes from outside."""
        if not self.limits:
            raise PlanError(f"{self.name!r} has no room for a program; see made_loadable")
        return StreamedProgram(self.contents)

    @cached_property
    def streamed_run(self) -> StreamedRun:
        """Cycles of an image, and where it waits for its program."""
        return streamed_run(self.program, self.form)

    @cached_property
    def runs(self) -> tuple[int, ...]:
        return (self.streamed_run.cycles,)

    @property
    def interval(self) -> int:
        run, entering = self.streamed_run, self.i_beats * self.i_words
        if not run.opens:
            return super().interval
        return max(run.cycles + self.o_beats, run.opens + entering - 1)

    @property
    def entry_cycles(self) -> int:
        """Cycles in which the next image may enter without anything that waits for it."""
        return self.interval - self.opens

    @property
    def narrow_interval(self) -> int:
        return self.interval

    @property
    def pace(self) -> int:
        return self.interval  # a program for each of the others would take too long

    @property
    def narrow_pace(self) -> int:
        return self.interval

    @property
    def opens(self) -> int:
        return self.streamed_run.opens

    def resources(self, family: Family) -> Resources:
        bits, rows = self.program.memory_bits, self.program.limits["program"]
        # What makes rows of words, a CRC, and what counts.
        luts = 200 + 8 * (rows - 1).bit_length()
        if self.program.unpacks:
            luts += _UNPACKER_LUTS * self.program.word_bits // 8
        return super().resources(family) + Resources(luts, ff=bits * family.counts_bare_cells)

    def leaving(self, builder: StageBuilder, results: int) -> int:
        return builder.skid(super().leaving(builder, results))

    @property
    def weight_bits(self) -> int:
        # Of what is on the chip: the memory that rows of the program pass through.
        return self.program.memory_bits * self.program.limits["program"]

    def describe(self) -> str:
        return f"{len(self.layers)} layers in turn, weights from outside"
