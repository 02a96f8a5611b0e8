"""Serial registers: those of the link, which are read a bit a cycle."""

from collections.abc import Mapping

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.registers import REGISTERS, WORD_BITS

from .registers import RegisterFile, check_constants
from .serial_counter import SerialCounter

__all__ = ["WRITTEN_BITS", "SerialRegisters"]

WRITTEN_BITS = max(
    field.lsb + field.bits
    for register in REGISTERS.on("link").values()
    if register.access in ("rw", "w1c")
    for field in register.fields
)
"""Low bits of a word that some register takes."""

_TURN_BITS = 5  # of the cycles in a turn of all places
_EVENTS = {"IMAGES": WORD_BITS, "FRAMES_BAD": 16, "OVERRUNS": 16}


class SerialRegisters(wiring.Component):
    """Registers of the link: constants, counters, and a :class:`RegisterFile` of those with fields.

    All words pass bit by bit, ``place`` after place. What passes from one place 0 to the next is
    what a word was in the cycle before, or in that of the last ``sample`` if it has fields. A bit
    of the word that is asked for comes a cycle behind its place.

    Parameters
    ----------
    constants : dict of str to int
        Words of the registers that never change, by name.

    Members
    -------
    address : In(8)
        Number of a word.
    write : In(1)
        Writes its fields.
    w_data : In(n)
        Low bits of a word, as many as are written of any.
    sample : In(1)
        Reads its fields.
    place : Out(5)
        From 0 to 31 again and again.
    bit : Out(1)
        Bit of the word whose place was the one before, 0 where there is no register.
    cycle : Out(1)
        Bit ``place`` of the cycles since the start.
    images, overruns : In(1)
        High for a cycle when that happens, 32 cycles apart at least. There are 0 images again after
        a reset.
    frames_bad : In(1)
        High from the end of a frame that is dropped until ``counted``.
    counted : Out(1)
        High when what has happened is counted.
    control, status, errors
        As :class:`RegisterFile` has them.

    Raises
    ------
    PlanError
        If a constant is of no register, or no word.
    """

    def __init__(self, constants: Mapping[str, int]):
        registers = REGISTERS.on("link")
        check_constants(registers, constants)
        self._file = RegisterFile(registers.without("CYCLES", *_EVENTS, *constants), {})
        self._counters = {name: SerialCounter(bits) for name, bits in _EVENTS.items()}
        self._cycles = SerialCounter(WORD_BITS - _TURN_BITS, first=_TURN_BITS)
        fields = self._file.signature.members
        self._constants = dict(constants)
        super().__init__(
            {
                "address": In(8),
                "write": In(1),
                "w_data": In(WRITTEN_BITS),
                "sample": In(1),
                "place": Out(range(WORD_BITS)),
                "bit": Out(1),
                "cycle": Out(1),
                **{name.lower(): In(1) for name in _EVENTS},
                "counted": Out(1),
                **{name: member for name, member in fields.items() if name != "port"},
            }
        )

    @property
    def constants(self) -> dict[str, int]:
        """Words of the registers that never change, by name."""
        return dict(self._constants)

    def elaborate(self, platform):
        m = Module()

        m.submodules.file = file = self._file
        m.submodules.cycles = cycles = self._cycles
        width = REGISTERS.address_bits
        place, outside = self.place, self.address[width:].any()
        m.d.sync += place.eq(place + 1)

        bits = {REGISTERS["CYCLES"].word: cycles.bit}
        m.d.comb += [cycles.place.eq(place), cycles.event.eq(1), self.cycle.eq(cycles.bit)]
        for name, counter in self._counters.items():
            m.submodules[name.lower()] = counter
            bits[REGISTERS[name].word] = counter.bit
            m.d.comb += counter.place.eq(place)
        m.d.comb += self.counted.eq(self._counters["FRAMES_BAD"].counted)
        m.d.comb += self._counters["FRAMES_BAD"].event.eq(self.frames_bad)
        for name, clear in (("IMAGES", self.control.reset), ("OVERRUNS", 0)):
            counter, happens, kept = self._counters[name], getattr(self, name.lower()), Signal()
            m.d.comb += [counter.event.eq(happens | kept), counter.clear.eq(clear)]
            m.d.sync += kept.eq(counter.event & ~counter.counted & ~clear)
        for name, word in self._constants.items():
            bits[REGISTERS[name].word] = Const(word, WORD_BITS).bit_select(place, 1)

        for name, member in file.signature.members.items():
            if name != "port":
                inner, outer = getattr(file, name), getattr(self, name)
                m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        m.d.comb += [
            file.port.address.eq(self.address),
            file.port.write.eq(self.write & ~outside),
            file.port.w_data.eq(self.w_data),
            file.port.read.eq(self.sample),
        ]
        word = Signal()
        m.d.sync += self.bit.eq(word)
        with m.If(~outside), m.Switch(self.address[:width]):
            for number, bit in bits.items():
                with m.Case(number):
                    m.d.comb += word.eq(bit)
            with m.Default():
                m.d.comb += word.eq(file.port.r_data.bit_select(place, 1))

        return m
