"""Traffic: what a program from outside takes of its memory, and of the cycles of an image."""

from dataclasses import dataclass

from .plan import Plan
from .sequential import Feed, pass_cycles
from .units.streamed import StreamedUnit

__all__ = ["LayerTraffic", "Traffic", "mebibytes", "traffic_of"]


@dataclass(frozen=True)
class LayerTraffic:
    """Traffic of a layer, or of one and the addition behind it.

    Attributes
    ----------
    name : str
        Of the layer.
    size : int
        Bytes of its part of the program.
    cycles : int
        Of a batch of images, those in which the array waits and copies included.
    waits : int
        Cycles in which the array waits for the memory.
    copies : int
        Cycles in which tiles and thresholds are copied ahead of its groups of filters.
    """

    name: str
    size: int
    cycles: int
    waits: int
    copies: int

    @property
    def limit(self) -> str:
        """What takes most of its cycles: ``"memory"``, ``"lanes"`` or ``"copies"``."""
        shares = {
            "lanes": self.cycles - self.waits - self.copies,
            "memory": self.waits,
            "copies": self.copies,
        }
        return max(shares, key=lambda each: shares[each])


@dataclass(frozen=True)
class Traffic:
    """Traffic of a program.

    Attributes
    ----------
    size : int
        Bytes of the program, which are read anew for each batch of images.
    images : int
        Images of a batch.
    holds : int
        Bytes that the memory holds; 0 if that is not known.
    word : float
        Bytes that the memory gives in a cycle of the accelerator, at most.
    interval : float
        Cycles between images.
    waits : int
        Cycles of a batch in which the array waits for the memory, those at its end included.
    layers : tuple of LayerTraffic
        In the order in which the array takes them.
    """

    size: int
    images: int
    holds: int
    word: float
    interval: float
    waits: int
    layers: tuple[LayerTraffic, ...]

    @property
    def waiting(self) -> float:
        """Share of the cycles between images in which the array waits for the memory."""
        return self.waits / (self.images * self.interval)

    @property
    def read(self) -> float:
        """Bytes read an image."""
        return self.size / self.images

    def rate(self, clock_mhz: float) -> float:
        """Megabytes a second that are read, of 10⁶ bytes."""
        return self.read * clock_mhz / self.interval

    def most(self, clock_mhz: float) -> float:
        """Megabytes a second that the memory gives at most, of 10⁶ bytes."""
        return self.word * clock_mhz


def traffic_of(plan: Plan) -> Traffic | None:
    """Traffic of a plan; None if no program comes from a memory outside."""
    unit = plan.streamed
    if not isinstance(unit, StreamedUnit):
        return None
    program, run, feed = unit.program, unit.streamed_run, Feed.of(unit.feed)
    row = program.row_bits // 8
    totals: dict[str, list[int]] = {}
    for each, rows, waits, copies in zip(
        program.contents.tiled, program.lengths, run.waits, program.copied, strict=True
    ):
        cycles = waits + copies + pass_cycles(program.contents, each, unit.form)
        mine = (rows * row, cycles, waits, copies)
        before = totals.get(each.work.name, [0] * len(mine))
        totals[each.work.name] = [a + b for a, b in zip(before, mine, strict=True)]
    return Traffic(
        size=program.starts[-1] * row,
        images=plan.batch,
        holds=feed.holds * feed.bits // 8,
        word=feed.bits / 8,
        interval=plan.cycles.interval,
        waits=sum(run.waits) + run.filled,
        layers=tuple(LayerTraffic(name, *values) for name, values in totals.items()),
    )


def mebibytes(size: int) -> str:
    """A number of bytes in words: ``3.1 MiB``, or kibibytes where it is less than one of these."""
    return f"{size / (1 << 20):,.3g} MiB" if size >= 1 << 20 else f"{size / 1024:,.3g} KiB"
