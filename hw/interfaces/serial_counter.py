"""Serial counter: a count whose bits come one a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.registers import WORD_BITS

__all__ = ["SerialCounter"]


class SerialCounter(wiring.Component):
    """Counter as a ring of flip-flops, with an adder of one bit.

    It takes about a cell for each bit, where one that is read in parallel takes further ones to
    choose between words. The bits that come while ``place`` goes from 0 to 31 are one count.

    Parameters
    ----------
    first, bits : int
        Place of the lowest bit that is counted and how many there are, within a word of 32 bits. An
        event adds 2 to the power of ``first``.

    Members
    -------
    place : In(5)
        From 0 to 31 again and again.
    event : In(1)
        Whether something happens, which lasts until ``counted`` is high.
    clear : In(1)
        Makes it 0.
    bit : Out(1)
        Bit ``place`` of the count.
    counted : Out(1)
        High every 32 cycles, when what happens is counted.

    Raises
    ------
    PlanError
        If the bits are not within a word.
    """

    def __init__(self, bits: int, *, first: int = 0):
        if not 0 <= first < first + bits <= WORD_BITS:
            raise PlanError(
                f"a counter has bits 0 to {WORD_BITS - 1} of a word, not {bits} from {first} on"
            )
        self._bits = bits
        self._first = first
        super().__init__(
            {
                "place": In(range(WORD_BITS)),
                "event": In(1),
                "clear": In(1),
                "bit": Out(1),
                "counted": Out(1),
            }
        )

    @property
    def bits(self) -> int:
        """Bits that are counted."""
        return self._bits

    @property
    def first(self) -> int:
        """Place of the lowest of them."""
        return self._first

    def elaborate(self, platform):
        m = Module()

        ring, carry = Signal(self._bits), Signal()
        here, adds = Signal(), Signal()
        places = (1 << self._bits) - 1 << self._first
        m.d.comb += [
            here.eq(Const(places, WORD_BITS).bit_select(self.place, 1)),
            self.counted.eq(self.place == self._first),
            adds.eq(Mux(self.counted, self.event, carry)),
            self.bit.eq(here & ring[0]),
        ]
        with m.If(here):
            m.d.sync += [ring.eq(Cat(ring[1:], ring[0] ^ adds)), carry.eq(ring[0] & adds)]
        with m.If(self.clear):
            m.d.sync += [ring.eq(0), carry.eq(0)]

        return m
