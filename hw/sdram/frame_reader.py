"""Frame reader: frames of words in order, from an SDRAM, in cycles that are known beforehand."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.boards.sdram import SDRAM
from threefold.errors import PlanError
from threefold.plan.sequential import Feed

from ..frames import FrameSignature
from .bursts import BURST, Access, address_bits, burst_requests
from .request_queue import RequestQueue

__all__ = ["FrameReader"]


class FrameReader(wiring.Component):
    """Reader of a program that begins at the first word of an SDRAM, image after image.

    It refreshes with each frame, and where none is asked for in time, so that an
    :class:`~threefold.hw.sdram.controller.SDRAMController` never does unasked. Words of the
    controller go to the accelerator as they are.

    Parameters
    ----------
    sdram : SDRAM
    feed : Feed
        Its times, which :func:`~threefold.hw.sdram.feed.feed_of` gives.
    words : int
        Words of a frame, a multiple of 8.

    Members
    -------
    frames : In(FrameSignature(bits))
        What the accelerator asks for, in the cycles of ``feed``.
    restart : In(1)
        Begin anew. No reset of its domain is needed.
    enable : In(1)
        The program is there. Nothing is read before, and no request made.
    bursts : In
        Bursts of the program, a multiple of those of a frame.
    requests : Out(burst_requests(sdram))
        To the controller.
    word : In(bits), word_valid : In(1)
        From the controller.

    Raises
    ------
    PlanError
        If a frame is no multiple of bursts, or longer than refreshes allow.
    """

    def __init__(self, sdram: SDRAM, feed: Feed, words: int):
        self._feed, self._words = feed, words
        if words % BURST or not BURST <= words <= feed.most:
            raise PlanError(
                f"frames from {sdram.name} have a multiple of {BURST} words up to {feed.most:,}, "
                f"not {words:,}"
            )
        super().__init__(
            {
                "frames": In(FrameSignature(sdram.bits)),
                "restart": In(1),
                "enable": In(1),
                "bursts": In(address_bits(sdram) + 1),
                "requests": Out(burst_requests(sdram)),
                "word": In(sdram.bits),
                "word_valid": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        feed, words = self._feed, self._words
        # Cycles until a frame may be taken, until a refresh is due, and until that of an image.
        # Registers say whether any are left, as what asks may be far.
        wait = Signal(range(max(words + feed.extra, feed.held)), reset_less=True)
        left = Signal(range(feed.every + feed.busy + 1), reset_less=True)
        hold = Signal(range(feed.busy + 1), reset_less=True)
        waits, again = Signal(reset_less=True), Signal(reset_less=True)
        due = Signal(init=1, reset_less=True)
        refresh, taken = Signal(), Signal()
        m.d.comb += [
            refresh.eq(self.enable & ~waits & due),
            taken.eq(self.enable & ~waits & ~due & self.frames.ask),
            self.frames.taken.eq(taken),
            self.frames.valid.eq(self.word_valid),
            self.frames.word.eq(self.word),
        ]
        m.d.sync += again.eq(hold == 1)
        for count, passed in ((wait, waits.eq(0)), (left, due.eq(1)), (hold, ())):
            with m.If(count != 0):
                m.d.sync += count.eq(count - 1)
            with m.If(count == 1):
                m.d.sync += passed
        with m.If(refresh | taken):
            m.d.sync += [
                waits.eq(taken | (feed.busy > 1)),
                wait.eq(Mux(taken, words + feed.extra, feed.busy) - 1),
                due.eq(0),
                left.eq(feed.every - 1),
            ]
        with m.If(self.frames.image):
            m.d.sync += [
                hold.eq(feed.busy),
                again.eq(0),
                waits.eq(1),
                wait.eq(feed.held - 1),
                due.eq(0),
                left.eq(feed.every + feed.busy),
            ]
        self._ask(m, refresh=refresh | taken | again, taken=taken)
        with m.If(self.restart):
            m.d.sync += [each.eq(0) for each in (waits, wait, left, hold, again)]
            m.d.sync += due.eq(1)

        return m

    def _ask(self, m: Module, *, refresh, taken) -> None:
        """Requests: a refresh, and then the bursts of a frame."""
        requests, count = self.requests, self._words // BURST
        refreshes = Signal(reset_less=True)
        reads = Signal(range(count + 1), reset_less=True)
        burst = Signal.like(requests.payload.burst, reset_less=True)
        last = Signal.like(self.bursts, reset_less=True)
        access = Signal(Access)
        asked = Cat(access, burst)
        m.submodules.queue = queue = RequestQueue(len(asked))
        m.d.sync += last.eq(self.bursts - 1)
        m.d.comb += [
            access.eq(Mux(refreshes, Access.REFRESH, Access.READ)),
            queue.restart.eq(self.restart),
            queue.i.valid.eq(refreshes | (reads != 0)),
            queue.i.payload.eq(asked),
            queue.o.ready.eq(requests.ready),
            requests.valid.eq(queue.o.valid),
            Cat(requests.payload.access, requests.payload.burst).eq(queue.o.payload),
        ]
        with m.If(queue.i.ready & refreshes):
            m.d.sync += refreshes.eq(0)
        with m.If(queue.i.ready & ~refreshes & (reads != 0)):
            m.d.sync += [reads.eq(reads - 1), burst.eq(Mux(burst == last, 0, burst + 1))]
        with m.If(refresh):
            m.d.sync += refreshes.eq(1)
        with m.If(taken):
            m.d.sync += reads.eq(count)
        with m.If(self.restart):
            m.d.sync += [each.eq(0) for each in (refreshes, reads, burst)]
