"""Map buffer: the memory of the maps that layers in turn read and write."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from ..ram import Ram

__all__ = ["MapBuffer"]


class MapBuffer(wiring.Component):
    """Banks of words, as many as pixels are worked on at once.

    Parameters
    ----------
    contents : Contents
    memory : str
        Where they are; see :class:`~threefold.hw.ram.Ram`.

    Members
    -------
    write : In(1), bank, place : In, word : In
        Write a word.
    read : In(1), address : In(ArrayLayout(address, pixels))
        Read a word of each bank.
    data : Out(ArrayLayout(bits, SIMD × pixels))
        These words, from the next cycle until others are read.
    """

    def __init__(self, contents: Contents, memory: str):
        self._contents = contents
        self._memory = memory
        array = contents.array
        super().__init__(
            {
                **self.writes(contents),
                "read": In(1),
                "address": In(data.ArrayLayout(contents.bank_bits, array.pixels)),
                "data": Out(data.ArrayLayout(contents.bits, array.simd * array.pixels)),
            }
        )

    @staticmethod
    def writes(contents: Contents) -> dict:
        """Members that write."""
        array = contents.array
        return {
            "write": In(1),
            "bank": In(range(array.pixels)),
            "place": In(contents.bank_bits),
            "word": In(data.ArrayLayout(contents.bits, array.simd)),
        }

    @property
    def contents(self) -> Contents:
        return self._contents

    @property
    def memory(self) -> str:
        return self._memory

    def elaborate(self, platform):
        m = Module()

        pixels, words = self._contents.array.pixels, []
        for n in range(pixels):
            bank = Ram(self.word.shape(), self._contents.banked, self._memory)
            m.submodules[f"bank_{n}"] = bank
            m.d.comb += [
                bank.write.en.eq(self.write & (self.bank == n) if pixels > 1 else self.write),
                bank.write.addr.eq(self.place),
                bank.write.data.eq(self.word),
                bank.read.en.eq(self.read),
                bank.read.addr.eq(self.address[n]),
            ]
            words.append(bank.read.data)
        m.d.comb += self.data.eq(Cat(words))

        return m
