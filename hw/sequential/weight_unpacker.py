"""Weight unpacker: weights of a word, five of which come in a byte, with two bits each."""

from itertools import product

from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..rom import rom

__all__ = ["WeightUnpacker", "plain_bytes"]

_BYTE, _PAIRS = 8, 10  # bits of five weights
_WEIGHTS = (0b00, 0b01, 0b11)  # 0, +1, -1, by their digits
_TABLE = [
    sum(bits << 2 * (4 - place) for place, bits in enumerate(digits))
    for digits in product(_WEIGHTS, repeat=5)
]


class WeightUnpacker(wiring.Component):
    """Bytes of five weights, see :func:`~threefold.plan.sequential.weight_bytes.weight_bytes`.

    Parameters
    ----------
    word_bits : int
        Width of a word, a multiple of 8.

    Members
    -------
    plain : In(1)
        Bytes are none of weights. Each is in the lower bits of its ten, see :func:`plain_bytes`.
    word : In(word_bits)
    o : Out(10 × bytes)
    """

    def __init__(self, word_bits: int):
        self._count = word_bits // _BYTE
        super().__init__({"plain": In(1), "word": In(word_bits), "o": Out(_PAIRS * self._count)})

    @property
    def count(self) -> int:
        """Bytes of a word."""
        return self._count

    def elaborate(self, platform):
        m = Module()

        for n in range(self._count):
            byte = self.word.word_select(n, _BYTE)
            m.submodules[f"table_{n}"] = table = rom(_PAIRS, _TABLE, "lut")
            port = table.read_port(domain="comb")
            m.d.comb += [
                port.addr.eq(byte),
                self.o.word_select(n, _PAIRS).eq(Mux(self.plain, byte, port.data)),
            ]

        return m


def plain_bytes(row: Value) -> Value:
    """The bytes of an unpacked row that were plain."""
    return Cat(row[n : n + _BYTE] for n in range(0, len(row), _PAIRS))
