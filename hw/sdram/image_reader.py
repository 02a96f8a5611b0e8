"""Image reader: images in an SDRAM as beats of an accelerator, read ahead."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.boards.sdram import SDRAM
from threefold.host.image_set import WORD_BITS, image_words, parts

from ..fifo import Fifo
from .bursts import BURST, address_bits
from .round_counter import IMAGE_BITS, ROUND_BITS, RoundCounter

__all__ = ["ImageReader"]

_WORDS, _ROWS = 512, 16  # that are read ahead, where beats are narrow, and rows at least


class ImageReader(wiring.Component):
    """Reader of images that begin at the first word of an SDRAM, one behind the other.

    They are laid out as :func:`~threefold.host.image_set.bytes_of` says. Bursts are read ahead into
    a FIFO, and the first beat is offered once that is full, or all images are in it.

    Parameters
    ----------
    sdram : SDRAM
        Of words of 16 bits.
    beats : int
        Beats of an image.
    bits : int
        Width of a beat.

    Members
    -------
    start : In(1)
        Begins; nothing is on its way.
    images, rounds : In(24), In(16)
        Images of a round, and rounds; at least 1.
    bursts : In
        Bursts that the images take.
    requests : Out(stream.Signature(address_bits(sdram)))
        Numbers of bursts to be read.
    word : In(16), word_valid : In(1)
        Words of them, which do not wait.
    o : Out(stream.Signature(bits))
        Beats.
    more : Out(1)
        Beats of the rounds have not left yet.
    """

    def __init__(self, sdram: SDRAM, *, beats: int, bits: int):
        self._beats, self._bits = beats, bits
        self._in_word, self._words = parts(bits)
        rows = max(_ROWS, _WORDS // self._words)
        self._fifo = Fifo(unsigned(self._words * WORD_BITS), lanes=1, depth=rows)
        super().__init__(
            {
                "start": In(1),
                "images": In(IMAGE_BITS),
                "rounds": In(ROUND_BITS),
                "bursts": In(address_bits(sdram) + 1),
                "requests": Out(stream.Signature(address_bits(sdram))),
                "word": In(WORD_BITS),
                "word_valid": In(1),
                "o": Out(stream.Signature(bits)),
                "more": Out(1),
            }
        )

    @property
    def beats(self) -> int:
        """Beats of an image."""
        return self._beats

    @property
    def bits(self) -> int:
        """Width of a beat."""
        return self._bits

    @property
    def words_ahead(self) -> int:
        """Words that are read ahead at most."""
        return self._words * self._fifo.depth

    def elaborate(self, platform):
        m = Module()

        m.submodules.fifo = self._fifo
        dropped, popped, primed = Signal(), Signal(), Signal()
        full, coming = self._ask(m, dropped=dropped, popped=popped)
        self._take(m, dropped)
        with m.If(full & ~coming):
            m.d.sync += primed.eq(1)
        with m.If(self.start):
            m.d.sync += primed.eq(0)
        self._give(m, primed, popped)

        return m

    def _ask(self, m: Module, *, dropped: Signal, popped: Signal) -> tuple[Signal, Signal]:
        """Requests, for as much as there is room for: whether there are none, and words to come."""
        active, began, burst = Signal(), Signal(), Signal.like(self.requests.payload)
        rounds = Signal(ROUND_BITS)
        # Words that are on their way or in the FIFO, and the former alone.
        held, coming = (Signal(range(self.words_ahead + 1), name=name) for name in ("held", "due"))
        room, asked, full = Signal(), Signal(), Signal()
        m.d.comb += [
            room.eq(held <= self.words_ahead - BURST),
            self.requests.valid.eq(active & room),
            self.requests.payload.eq(burst),
            asked.eq(self.requests.valid & self.requests.ready),
            full.eq(began & ~self.requests.valid),
        ]
        more = Mux(asked, BURST, 0)
        m.d.sync += [
            held.eq(held + more - Mux(popped, self._words, 0) - dropped),
            coming.eq(coming + more - self.word_valid),
        ]
        with m.If(asked):
            m.d.sync += burst.eq(burst + 1)
            with m.If(burst == self.bursts - 1):
                m.d.sync += [burst.eq(0), rounds.eq(rounds - 1), active.eq(rounds != 1)]
        with m.If(self.start):
            m.d.sync += [
                active.eq(1),
                began.eq(1),
                burst.eq(0),
                rounds.eq(self.rounds),
                held.eq(0),
                coming.eq(0),
            ]
        return full, coming.any()

    def _take(self, m: Module, dropped: Signal) -> None:
        """Words of images as rows of the FIFO; those that only fill up the last burst go."""
        size, fifo = image_words(self._beats, self._bits), self._fifo
        images, rest = Signal(IMAGE_BITS), Signal(len(self.bursts) + 3)
        place, taken, last = Signal(range(max(size, 2))), Signal(), Signal()
        everything = Cat(Const(0, 3), self.bursts)
        m.d.comb += [
            dropped.eq(self.word_valid & (images == 0)),
            taken.eq(self.word_valid & (images != 0)),
            last.eq(place == size - 1),
        ]
        with m.If(taken):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
            m.d.sync += images.eq(images - last)
        with m.If(self.word_valid):
            m.d.sync += rest.eq(rest - 1)
        with m.If(self.start | (self.word_valid & (rest == 1))):
            m.d.sync += [rest.eq(everything), images.eq(self.images), place.eq(0)]

        row = fifo.i.payload.as_value()
        if self._words == 1:
            m.d.comb += [fifo.i.valid.eq(taken), row.eq(self.word)]
            return
        part, lower = Signal(range(self._words)), Signal(len(row) - WORD_BITS, reset_less=True)
        ends = part == self._words - 1
        m.d.comb += [fifo.i.valid.eq(taken & ends), row.eq(Cat(lower, self.word))]
        with m.If(taken):
            m.d.sync += [
                part.eq(Mux(ends, 0, part + 1)),
                lower.eq(Cat(lower, self.word)[WORD_BITS:]),
            ]
        with m.If(self.start):
            m.d.sync += part.eq(0)

    def _give(self, m: Module, primed: Signal, popped: Signal) -> None:
        """Beats from rows of the FIFO."""
        m.submodules.counter = counter = RoundCounter()
        fifo, place, part = self._fifo, Signal(range(max(self._beats, 2))), Signal(range(16))
        gives, last, ends = Signal(), Signal(), Signal()
        m.d.comb += [
            self.o.valid.eq(fifo.o.valid & primed),
            self.o.payload.eq(fifo.o.payload.as_value().word_select(part, self._bits)),
            gives.eq(self.o.valid & self.o.ready),
            last.eq(place == self._beats - 1),
            ends.eq(last | (part == self._in_word - 1)),
            popped.eq(gives & ends),
            fifo.o.ready.eq(popped),
            counter.start.eq(self.start),
            counter.images.eq(self.images),
            counter.rounds.eq(self.rounds),
            counter.image.eq(gives & last),
        ]
        with m.If(gives):
            m.d.sync += [
                place.eq(Mux(last, 0, place + 1)),
                part.eq(Mux(ends, 0, part + 1)),
            ]
        with m.If(counter.image & counter.ends):
            m.d.sync += self.more.eq(0)
        with m.If(self.start):
            m.d.sync += [place.eq(0), part.eq(0), self.more.eq(1)]
