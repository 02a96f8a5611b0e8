"""Feed: a model of a memory that gives words in frames, to the cycle."""

from collections.abc import Sequence
from typing import Any

from threefold.errors import PlanError
from threefold.plan import Plan
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit

__all__ = ["FeedModel", "feed_model"]


class FeedModel:
    """Memory outside that an accelerator's program comes from, over and over.

    Parameters
    ----------
    feed : Feed
        Its times.
    words : sequence of int
        Words of an image.
    frame : int
        Words of a frame, which divide those of an image.
    """

    def __init__(self, feed: Feed, words: Sequence[int], frame: int):
        self._feed, self._words, self._frame = feed, words, frame

    @property
    def parameters(self) -> dict[str, int]:
        """Its times, and the numbers of words of an image and of a frame."""
        return {**self._feed.to_dict(), "words": len(self._words), "frame": self._frame}

    @property
    def content(self) -> bytes:
        """The words, each with its highest byte first."""
        size = self._feed.bits // 8
        return b"".join(word.to_bytes(size, "big") for word in self._words)

    async def serve(self, ctx, frames: Any) -> None:
        """Give what ``frames``, a :class:`~threefold.hw.frames.FrameSignature`, asks for.

        A testbench of Amaranth's simulator.
        """
        feed, place, coming = self._feed, 0, dict[int, int]()
        cycle = free = refreshed = 0
        ticks = aiter(ctx.tick().sample(frames.image))
        while True:
            ctx.set(frames.valid, cycle in coming)
            ctx.set(frames.word, coming.pop(cycle, 0))
            if feed.every and cycle >= max(free, refreshed + feed.every):
                refreshed, free = cycle, cycle + feed.busy
            taken = cycle >= free and ctx.get(frames.ask)
            ctx.set(frames.taken, taken)
            if taken:
                refreshed, free = cycle, cycle + self._frame + feed.extra
                for number in range(self._frame):
                    coming[cycle + feed.first + number] = self._words[place]
                    place = (place + 1) % len(self._words)
            *_, image = await anext(ticks)
            if image and feed.every:
                refreshed, free = cycle + feed.busy + 1, cycle + feed.held
            cycle += 1


def feed_model(plan: Plan) -> FeedModel:
    """The memory that a plan with a streamed unit was made for, with its program.

    Raises
    ------
    PlanError
        If there is no such unit.
    """
    unit = plan.streamed
    if not isinstance(unit, StreamedUnit):
        raise PlanError(f"the plan of {plan.network.name!r} has no streamed unit")
    return FeedModel(Feed.of(unit.feed), unit.program.words, unit.program.frame_words)
