"""Batches: which passes of a streamed unit its images share the weights of."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ...errors import PlanError
from ..sequential import BatchMaps, Memory, Turn, stretches, turns_of
from ..units.streamed import StreamedUnit
from ..units.streamed_batch import StreamedBatchUnit

__all__ = ["batched"]


def batched(
    unit: StreamedUnit, batch: int, *, places: int | None = None, entering: int = 0
) -> StreamedUnit:
    """The unit for images in batches, which share passes up to the last from where it is fastest.

    Of those that are as fast, maps take the least places. Cycles are those of the passes of one
    image, and next to those of the unit that is made.

    Parameters
    ----------
    unit : StreamedUnit
        With limits.
    batch : int
        Images of a batch; if 1, it is the unit itself.
    places : int, optional
        Places of maps in each bank at most; any number if left out.
    entering : int
        Cycles in which an image enters, if what is before takes longer than its beats.

    Raises
    ------
    PlanError
        If images cannot share any passes, or there is no room for their maps.
    """
    if batch == 1:
        return unit
    found = _choices(unit, batch, max(entering, unit.i_beats * unit.i_words))
    fitting = [each for each in found if places is None or each[1] <= places]
    if not found:
        raise PlanError(f"{unit.name!r} has no passes that images of a batch could share")
    if not fitting:
        least = min(depth for _, depth, *_ in found)
        raise PlanError(
            f"maps of {batch} images of {unit.name!r} take {least:,} places or more, not {places:,}"
        )
    _, _, shared, apart = min(fitting)
    return StreamedBatchUnit.sharing(unit, batch=batch, shared=shared, apart=apart)


def _choices(unit: StreamedUnit, batch: int, entering: int) -> list[tuple[int, int, int, int]]:
    """Cycles of a batch, places of maps, and the passes that are shared, for all that may be."""
    groups, parts, found = _groups(unit), unit.program.descriptor.parts, []
    memory, maps, apart = Memory.of(unit.program), unit.contents.maps, len(unit.passes) - 1
    for shared in range(1, apart):
        own: dict[str, Any] = {"batch": batch, "shared": shared, "apart": apart}
        try:
            made = BatchMaps(maps.array, maps.source, maps.shape, maps.passes, **own)
        except PlanError:
            continue
        opened = sum(turn.cycles for own in groups[: made.entries[0] + 1] for turn in own)
        runs = stretches(_in_turn(groups, batch, shared, apart, parts), memory)
        heads = [max(each.end + each.filled, opened + entering) for each in runs[: batch - 1]]
        others = sum(each.end + each.filled for each in runs[batch - 1 :])
        found.append((sum(heads) + others, made.depth, shared, apart))
    return found


def _groups(unit: StreamedUnit) -> list[list[Turn]]:
    """Turns of each pass, a list of those of its groups of filters."""
    tiled, turns = unit.contents.tiled, turns_of(unit.program, unit.form)
    pairs = zip(tiled, turns, strict=True)
    return [
        [turn for _, turn in own] for _, own in groupby(pairs, key=lambda pair: pair[0].work.stream)
    ]


def _in_turn(
    groups: Sequence[Sequence[Turn]], batch: int, shared: int, apart: int, rows: int
) -> list[Turn]:
    """Turns of a batch, whose passes take ``rows`` where their weights are there already."""
    head = [turn for own in groups[:shared] for turn in own]
    tail = [turn for own in groups[apart:] for turn in own]
    made = []
    for image in range(batch):
        ends = image < batch - 1
        made += [each._replace(ends=False) for each in head[:-1]] + [head[-1]._replace(ends=ends)]
    for own in groups[shared:apart]:
        for turn in own:
            again = turn._replace(rows=rows, freed=0, ends=False)
            last = again._replace(freed=turn.rows + (batch - 1) * rows)
            made += [again._replace(rows=turn.rows), *[again] * (batch - 2), last]
    return made + [each for _ in range(batch) for each in tail]
