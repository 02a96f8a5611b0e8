"""Serial registers: those of the link, which are read a bit a cycle."""

from collections.abc import Mapping

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.registers import REGISTERS, WORD_BITS
from threefold.registers.benchmark import BENCHMARK

from .registers import RegisterFile, check_constants
from .serial_counter import SerialCounter

__all__ = ["SerialRegisters"]

_TURN_BITS = 5  # of the cycles in a turn of all places
_EVENTS = {"IMAGES": WORD_BITS, "FRAMES_BAD": 16, "OVERRUNS": 16, "REFUSED": 8}


class SerialRegisters(wiring.Component):
    """Registers of the link: constants, counters, and a :class:`RegisterFile` of those with fields.

    All words pass bit by bit, ``place`` after place. What passes from one place 0 to the next is
    what a word was in the cycle before, or in that of the last ``sample`` if it has fields. A bit
    of the word that is asked for comes a cycle behind its place.

    Parameters
    ----------
    constants : dict of str to int
        Words of the registers that never change, by name.
    loadable : bool
        Whether there are those of loadable accelerators; otherwise their members are missing.
    benchmark : bool
        Whether there are those of a benchmark, which are elsewhere; otherwise ``test`` is missing.

    Members
    -------
    address : In(8)
        Number of a word.
    write : In(1)
        Writes its fields.
    w_data : In(written_bits)
        Low bits of a word.
    sample : In(1)
        Reads its fields.
    place : Out(5)
        From 0 to 31 again and again.
    bit : Out(1)
        Bit of the word whose place was the one before, 0 where there is no register.
    cycle : Out(1)
        Bit ``place`` of the cycles since the start.
    images, overruns, refused : In(1)
        High for a cycle when that happens; what happens again within 32 cycles may be counted once.
        There are 0 images again after a reset.
    frames_bad : In(1)
        High from the end of a frame that is dropped until ``counted``.
    counted : Out(1)
        High when what has happened is counted.
    loaded : In(32)
        Word of the register ``LOADED``.
    test : In(32)
        Word of the register of a benchmark that is asked for, as of the last ``sample``.
    control, status, errors
        As :class:`RegisterFile` has them.

    Raises
    ------
    PlanError
        If a constant is of no register, or no word.
    """

    def __init__(
        self, constants: Mapping[str, int], *, loadable: bool = False, benchmark: bool = False
    ):
        registers = REGISTERS.on("link", loadable=loadable)
        check_constants(registers, constants)
        self._loadable = loadable
        self._benchmark = benchmark
        self._file = RegisterFile(registers.without("CYCLES", "LOADED", *_EVENTS, *constants), {})
        self._counters = {
            name: SerialCounter(bits) for name, bits in _EVENTS.items() if name in registers
        }
        self._written_bits = max(
            field.lsb + field.bits
            for register in (*registers.values(), *(BENCHMARK.values() if benchmark else ()))
            if register.access in ("rw", "w1c")
            for field in register.fields
        )
        self._cycles = SerialCounter(WORD_BITS - _TURN_BITS, first=_TURN_BITS)
        fields = self._file.signature.members
        self._constants = dict(constants)
        super().__init__(
            {
                "address": In(8),
                "write": In(1),
                "w_data": In(self._written_bits),
                "sample": In(1),
                "place": Out(range(WORD_BITS)),
                "bit": Out(1),
                "cycle": Out(1),
                **{name.lower(): In(1) for name in self._counters},
                "counted": Out(1),
                **({"loaded": In(WORD_BITS)} if loadable else {}),
                **({"test": In(WORD_BITS)} if benchmark else {}),
                **{name: member for name, member in fields.items() if name != "port"},
            }
        )

    @property
    def constants(self) -> dict[str, int]:
        """Words of the registers that never change, by name."""
        return dict(self._constants)

    @property
    def loadable(self) -> bool:
        """Whether there are registers of loadable accelerators."""
        return self._loadable

    @property
    def benchmark(self) -> bool:
        """Whether there are registers of a benchmark."""
        return self._benchmark

    @property
    def written_bits(self) -> int:
        """Low bits of a word that some register takes."""
        return self._written_bits

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
        if self._loadable:
            bits[REGISTERS["LOADED"].word] = self.loaded.bit_select(place, 1)
        clears = {"IMAGES": self.control.reset, "OVERRUNS": 0, "REFUSED": 0}
        for name, clear in clears.items():
            if name not in self._counters:
                continue
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
        if self._benchmark:
            with m.If(self.address[width:] == 1):
                m.d.comb += word.eq(self.test.bit_select(place, 1))

        return m
