"""Maps of a batch: places for those of several images, and the order of their passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, product
from math import inf

from ...errors import PlanError
from .ahead import MapsAhead
from .maps import first_gap
from .tiles import PassTiles

__all__ = ["BatchMaps"]


@dataclass(frozen=True, eq=False)
class BatchMaps(MapsAhead):
    """Places of maps of a batch of images, in parts as :class:`MapsAhead` has them.

    The passes in front of ``shared`` are there image by image, then those up to ``apart`` pass by
    pass, each for all images in turn, and the others image by image again. The next image enters
    in each gap between the passes of the images before ``shared`` that read or write the lower
    part, and the first one of the next batch when none of this one needs it any more.

    Parameters
    ----------
    batch : int
        Images, 2 or more.
    shared, apart : int
        The first pass that is there for all images in turn, and the one behind the last.

    The others are those of :class:`MapsAhead`.

    Raises
    ------
    PlanError
        If there are no such passes, or a pass that is shared reads what enters.
    """

    batch: int = field(default=2, kw_only=True)
    shared: int = field(default=1, kw_only=True)
    apart: int = field(default=1, kw_only=True)

    def __post_init__(self):
        last = len(self.passes) - 1
        if self.batch < 2:
            raise PlanError(f"a batch has 2 images or more, not {self.batch}")
        if not 1 <= self.shared <= self.apart <= last:
            raise PlanError(
                f"passes that the images of a batch share are among those from 1 to {last - 1}, "
                f"not from {self.shared} to {self.apart - 1}"
            )
        if self._until(self.source) >= self.shared:
            raise PlanError(
                f"what enters is read or written over up to pass {self._until(self.source)}, and "
                f"images share passes from {self.shared} on; let them share later ones"
            )
        logits = [n for n, each in enumerate(self.passes) if each.thresholds is None]
        if logits and logits[0] < self.apart:
            raise PlanError(
                f"logits leave image by image, and images share passes up to {self.apart - 1}, "
                f"which gives some"
            )

    def in_turn(self, tiled: Sequence[PassTiles]) -> tuple[PassTiles, ...]:
        groups = [list(own) for _, own in groupby(tiled, key=lambda each: each.work.stream)]
        made = []
        for places, image in self._runs:
            # Images follow each other within a group of filters where they share its weights.
            if image is None:
                own = (each for place in places for each in groups[place])
                made += [_copy(each, n) for each in own for n in range(self.batch)]
            else:
                made += [_copy(each, image) for place in places for each in groups[place]]
        return tuple(made)

    def keeps(self, tiled: Sequence[PassTiles]) -> list[bool]:
        """Whether the weights of each pass are those of the one behind it as well."""
        streams = {each.stream for each in self.passes[self.shared : self.apart]}
        return [each.work.stream in streams and each.work.image < self.batch - 1 for each in tiled]

    def leaves(self, tiled: Sequence[PassTiles]) -> list[int]:
        """The passes with whose end an image leaves."""
        return [self.last_of(tiled, len(self.passes) - 1, n) for n in range(self.batch)]

    def awaits(self, tiled: Sequence[PassTiles]) -> list[int]:
        """The passes behind which another image has to be there."""
        heads = [self.last_of(tiled, self.shared - 1, n) for n in range(self.batch - 1)]
        return [*heads, len(tiled) - 1]

    @property
    def opens(self) -> int:
        return self.entries[1]

    def openings(self, tiled: Sequence[PassTiles]) -> list[int]:
        early, late = self.entries
        return [
            *(self.last_of(tiled, early, n) for n in range(self.batch - 1)),
            self.last_of(tiled, late, self.batch - 1),
        ]

    def base(self, name: str, image: int) -> int:
        return self._places[name, image]

    @cached_property
    def bases(self) -> dict[str, int]:
        return {name: base for (name, image), base in self._places.items() if not image}

    @cached_property
    def depth(self) -> int:
        return max(self.upper + 1, self._deepest(self._places))

    @cached_property
    def _runs(self) -> list[tuple[range, int | None]]:
        """Passes that follow each other, and their image; None if each is there for all."""
        images, last = range(self.batch), len(self.passes)
        return [
            *((range(self.shared), image) for image in images),
            (range(self.shared, self.apart), None),
            *((range(self.apart, last), image) for image in images),
        ]

    @cached_property
    def _events(self) -> dict[tuple[int, int], int]:
        """Place in the order of all passes, by the pass and its image."""
        return {event: place for place, event in enumerate(self._in_order())}

    def _in_order(self) -> Iterator[tuple[int, int]]:
        for places, image in self._runs:
            images = range(self.batch) if image is None else [image]
            yield from product(places, images)

    @cached_property
    def entries(self) -> tuple[int, int]:
        """Passes with which the next image may enter: of all images but the last, and of that."""
        first = self._until(self.source)
        late = range(first, max(first + 1, self.apart))
        early = min(
            range(first, self.shared),
            key=lambda n: (self._deepest(self._placed(n, late[-1])), n),
        )
        return early, min(late, key=lambda n: (self._deepest(self._placed(early, n)), n))

    @cached_property
    def _places(self) -> dict[tuple[str, int], int]:
        return self._placed(*self.entries)

    def _deepest(self, places: dict[tuple[str, int], int]) -> int:
        return max(base + self._size(name) for (name, _), base in places.items())

    def _placed(self, early: int, late: int) -> dict[tuple[str, int], int]:
        """Place of each map if the next image may enter with the end of these passes."""
        events = self._events
        gaps: list[tuple[int, float]] = [
            *((events[early, n], events[0, n + 1]) for n in range(self.batch - 1)),
            (events[late, self.batch - 1], inf),
        ]
        chains = self._chains(gaps)
        orders = (lambda chain: (chain.start, -chain.end), lambda chain: chain.start - chain.end)
        found = [self._fitted(sorted(chains, key=order), gaps) for order in orders]
        return min(found, key=self._deepest)

    def _chains(self, gaps: list[tuple[int, float]]) -> "list[_Chain]":
        """Maps that are written over each other, in the order in which they begin."""
        of = dict[tuple[str, int], _Chain]()
        for (place, image), now in self._events.items():
            if not place:
                end = self._event(self.last[self.source], image)
                of[self.source, image] = _Chain([(self.source, image)], now, end, enters=True)
            each = self.passes[place]
            own = _Chain([(each.stream, image)], now, self._event(self.last[each.stream], image))
            over = [of[name, image] for name in self.over(place)]
            if not each.added:  # what enters stays where nothing else may be
                over = [chain for chain in over if not chain.enters or not own.within(gaps)]
            if over:
                own = over[0]
                own.maps.append((each.stream, image))
                own.end = max(own.end, self._event(self.last[each.stream], image))
            of[each.stream, image] = own
        return list(dict.fromkeys(of.values()))

    def _fitted(
        self, chains: "list[_Chain]", gaps: list[tuple[int, float]]
    ) -> dict[tuple[str, int], int]:
        """Place of each map, one chain after the other as low as there is room."""
        bases = {chain: 0 for chain in chains if chain.enters}
        for chain in chains:
            if chain.enters:
                continue
            size = self._size(chain.maps[0][0])
            taken = sorted(
                (base, base + self._size(other.maps[0][0]))
                for other, base in bases.items()
                if other.start <= chain.end and chain.start <= other.end
            )
            base = first_gap(taken, size)
            if base + size > self.entry or chain.within(gaps):
                above = [(start - self.upper, end - self.upper) for start, end in taken]
                base = self.upper + first_gap(above, size)
            bases[chain] = base
        return {name: bases[chain] for chain in chains for name in chain.maps}

    def _event(self, place: int, image: int) -> int:
        """End of a pass of an image in the order of all, the last one for what leaves.

        Where images share weights, no map is done with before that of the last image: there may be
        several groups of filters.
        """
        shared = self.shared <= place < self.apart
        last = min(place, len(self.passes) - 1)
        return self._events[last, self.batch - 1 if shared else image]


@dataclass(eq=False)
class _Chain:
    """Maps of an image in one place, from the pass that begins to write to the last that reads."""

    maps: list[tuple[str, int]]
    start: int
    end: int
    enters: bool = False

    def within(self, gaps: list[tuple[int, float]]) -> bool:
        """Whether they are there while an image enters."""
        return any(self.end > opened and self.start < begun for opened, begun in gaps)


def _copy(each: PassTiles, image: int) -> PassTiles:
    """A pass of another image; what is known of its tiles stays known."""
    if not image:
        return each
    made = replace(each, work=replace(each.work, image=image))
    vars(made).update({name: getattr(each, name) for name in ("lists", "weights", "shift")})
    return made
