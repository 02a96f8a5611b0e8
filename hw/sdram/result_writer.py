"""Result writer: bytes of results as bursts of an SDRAM."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.boards.sdram import SDRAM
from threefold.host.image_set import BURST_BYTES
from threefold.registers import WORD_BITS

from .bursts import address_bits
from .round_counter import IMAGE_BITS, ROUND_BITS, RoundCounter

__all__ = ["ResultWriter"]

_POLYNOMIAL = 0xEDB88320


class ResultWriter(wiring.Component):
    """Writer of results, those of each round in place of those of the round before.

    It takes bytes while a burst is written, unless another is full by then.

    Parameters
    ----------
    sdram : SDRAM
    image_bytes : int
        Bytes of the result of an image.

    Members
    -------
    start : In(1)
        Begins.
    images, rounds : In(24), In(16)
        Images of a round, and rounds; at least 1.
    i : In(stream.Signature(8))
        Bytes of results.
    requests : Out(stream.Signature(address_bits(sdram)))
        Numbers of bursts to be written, from 0 on.
    row : Out(128)
        Bytes of the burst that is asked for, the first lowest.
    sum : Out(32)
        What the register ``TEST_SUM`` tells.
    done : Out(1)
        All results are written.
    """

    def __init__(self, sdram: SDRAM, *, image_bytes: int):
        self._image_bytes = image_bytes
        super().__init__(
            {
                "start": In(1),
                "images": In(IMAGE_BITS),
                "rounds": In(ROUND_BITS),
                "i": In(stream.Signature(8)),
                "requests": Out(stream.Signature(address_bits(sdram))),
                "row": Out(8 * BURST_BYTES),
                "sum": Out(WORD_BITS),
                "done": Out(1),
            }
        )

    @property
    def image_bytes(self) -> int:
        """Bytes of the result of an image."""
        return self._image_bytes

    def elaborate(self, platform):
        m = Module()

        m.submodules.counter = counter = RoundCounter()
        place, byte = Signal(range(BURST_BYTES)), Signal(range(max(self._image_bytes, 2)))
        row, burst = Signal(8 * BURST_BYTES, reset_less=True), Signal.like(self.requests.payload)
        taken, last, whole, finished = Signal(), Signal(), Signal(), Signal()
        filled = Signal.like(row)
        m.d.comb += [
            last.eq(byte == self._image_bytes - 1),
            whole.eq((place == BURST_BYTES - 1) | (last & counter.round_ends)),
            self.i.ready.eq(~(self.requests.valid & whole)),
            taken.eq(self.i.valid & self.i.ready),
            filled.eq(row),
            filled.word_select(place, 8).eq(self.i.payload),
            counter.start.eq(self.start),
            counter.images.eq(self.images),
            counter.rounds.eq(self.rounds),
            counter.image.eq(taken & last),
        ]
        with m.If(self.requests.ready):
            m.d.sync += self.requests.valid.eq(0)
            with m.If(self.requests.valid & finished):
                m.d.sync += self.done.eq(1)
        with m.If(taken):
            m.d.sync += [
                row.eq(filled),
                place.eq(Mux(whole, 0, place + 1)),
                byte.eq(Mux(last, 0, byte + 1)),
                self.sum.eq((self.sum >> 1) ^ Mux(self.sum[0], _POLYNOMIAL, 0) ^ self.i.payload),
            ]
        with m.If(taken & whole):
            ends = last & counter.round_ends
            m.d.sync += [
                self.row.eq(filled),
                self.requests.valid.eq(1),
                self.requests.payload.eq(burst),
                burst.eq(Mux(ends, 0, burst + 1)),
                finished.eq(last & counter.ends),
            ]
        with m.If(self.start):
            m.d.sync += [
                place.eq(0),
                byte.eq(0),
                burst.eq(0),
                self.sum.eq(0),
                self.done.eq(0),
                finished.eq(0),
            ]

        return m
