"""Turns: those who read and write an SDRAM, one request after another."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.boards.sdram import SDRAM

from .bursts import BURST, Access, address_bits, burst_requests

__all__ = ["SDRAMTurns", "burst_rows"]


class _From(enum.Enum, shape=2):
    """Whose request it is."""

    ROWS = 0
    RESULTS = 1
    HOST = 2
    IMAGES = 3


def burst_rows(sdram: SDRAM) -> stream.Signature:
    """Signature of a stream of what is written: the number of a ``burst``, and its ``row``."""
    layout = {"burst": address_bits(sdram), "row": BURST * sdram.bits}
    return stream.Signature(data.StructLayout(layout))


class SDRAMTurns(wiring.Component):
    """Turns of two writers and two readers, the first named first where several ask.

    A request that has been made stays until it is accepted, whatever becomes of who asked. No
    reader asks while words are on their way to the other.

    Parameters
    ----------
    sdram : SDRAM

    Members
    -------
    rows, results : In(burst_rows(sdram))
        Rows of a set, and of results; taken when they are accepted.
    host, images : In(stream.Signature(address_bits(sdram)))
        Numbers of bursts that are read for a host, and as images.
    o : Out(burst_requests(sdram))
        To the controller.
    word : In(bits), word_valid : In(1)
        From the controller.
    image_word_valid : Out(1)
        The word is one of images.
    told : Out(8 * bits)
        The latest burst that was read for a host, the first word lowest.
    """

    def __init__(self, sdram: SDRAM):
        number = stream.Signature(address_bits(sdram))
        super().__init__(
            {
                "rows": In(burst_rows(sdram)),
                "results": In(burst_rows(sdram)),
                "host": In(number),
                "images": In(number),
                "o": Out(burst_requests(sdram)),
                "word": In(sdram.bits),
                "word_valid": In(1),
                "image_word_valid": Out(1),
                "told": Out(BURST * sdram.bits),
            }
        )

    def elaborate(self, platform):
        m = Module()

        valid, source = Signal(), Signal(_From)
        burst = Signal.like(self.o.payload.burst)
        writes, accepted, free = Signal(), Signal(), Signal()
        m.d.comb += [
            writes.eq((source == _From.ROWS) | (source == _From.RESULTS)),
            self.o.valid.eq(valid),
            self.o.payload.access.eq(Mux(writes, Access.WRITE, Access.READ)),
            self.o.payload.burst.eq(burst),
            self.o.payload.words.as_value().eq(
                Mux(source == _From.ROWS, self.rows.payload.row, self.results.payload.row)
            ),
            accepted.eq(valid & self.o.ready),
            free.eq(~valid | self.o.ready),
            self.rows.ready.eq(accepted & (source == _From.ROWS)),
            self.results.ready.eq(accepted & (source == _From.RESULTS)),
        ]
        with m.If(free):
            m.d.sync += valid.eq(0)
        # What is written is taken when it is accepted, and not asked for once more by then.
        with m.If(free & self.rows.valid & ~self.rows.ready):
            m.d.sync += [valid.eq(1), source.eq(_From.ROWS), burst.eq(self.rows.payload.burst)]
        with m.Elif(free & self.results.valid & ~self.results.ready):
            m.d.sync += [
                valid.eq(1),
                source.eq(_From.RESULTS),
                burst.eq(self.results.payload.burst),
            ]
        with m.Elif(free & self.host.valid):
            m.d.comb += self.host.ready.eq(1)
            m.d.sync += [valid.eq(1), source.eq(_From.HOST), burst.eq(self.host.payload)]
        with m.Elif(free & self.images.valid):
            m.d.comb += self.images.ready.eq(1)
            m.d.sync += [valid.eq(1), source.eq(_From.IMAGES), burst.eq(self.images.payload)]
        self._share(m, accepted & (source == _From.HOST))

        return m

    def _share(self, m: Module, asked) -> None:
        """Words that come, to the one who asked for them."""
        left = Signal(range(BURST + 1))
        m.d.comb += self.image_word_valid.eq(self.word_valid & (left == 0))
        with m.If(asked):
            m.d.sync += left.eq(BURST)
        with m.Elif(self.word_valid & (left != 0)):
            told = Cat(self.told, self.word)
            m.d.sync += [left.eq(left - 1), self.told.eq(told[len(self.word) :])]
