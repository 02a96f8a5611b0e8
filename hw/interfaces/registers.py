"""Register file: a map of registers behind a plain port."""

from collections.abc import Mapping
from types import MappingProxyType

from amaranth.hdl import Const, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.registers import WORD_BITS, Register, RegisterMap

__all__ = ["RegisterFile", "RegisterPort", "check_constants"]


class RegisterPort(wiring.Signature):
    """Port through which registers are read and written, a word at a time.

    Both may happen in the same cycle, at the same address. Nothing ever waits.

    Parameters
    ----------
    address_bits : int
        Width of a word address.

    Members
    -------
    address : Out(address_bits)
        Number of the word.
    read : Out(1)
        Asks for the word.
    r_data : In(32)
        What was read, from the next cycle until the next read; 0 where there is no register.
    write : Out(1)
        Writes the word.
    w_data : Out(32)
        What is written.
    """

    def __init__(self, address_bits: int):
        self._address_bits = address_bits
        super().__init__(
            {
                "address": Out(address_bits),
                "read": Out(1),
                "r_data": In(WORD_BITS),
                "write": Out(1),
                "w_data": Out(WORD_BITS),
            }
        )

    @property
    def address_bits(self) -> int:
        """Width of a word address."""
        return self._address_bits

    def __eq__(self, other):
        return type(other) is RegisterPort and other.address_bits == self._address_bits

    def __repr__(self):
        return f"RegisterPort({self._address_bits})"


class RegisterFile(wiring.Component):
    """File of registers: their addresses, and what of them is kept.

    A register has a member of its name in lower case, with an element for each of its fields, or
    of 32 bits if it has none:

    =======  =========  ==========================================================================
    access   member     function
    =======  =========  ==========================================================================
    ``ro``   ``In``     what is read
    ``rw``   ``Out``    what was written last; a pulse is high in the cycle after a 1 was written
    ``w1c``  ``In``     sets flags, which ``NAME_flags : Out`` shows; a 1 clears; setting wins
    ``wo``   ``Out``    what is written, while ``NAME_strobe : Out(1)`` is high
    =======  =========  ==========================================================================

    Where reading takes the value away there is ``NAME_strobe : Out(1)``, high in the cycle in which
    it is read. A register that never changes is a constant, and has no member.

    Parameters
    ----------
    registers : RegisterMap
    constants : dict of str to int
        Words of those that never change, by name.
    shapes : dict of str to shape-like, optional
        Shapes of those without fields that are no unsigned 32 bits, by name; what is narrower is
        extended.

    Members
    -------
    port : In(RegisterPort(registers.address_bits))

    Raises
    ------
    PlanError
        If a constant is of no register, or no word.
    """

    def __init__(
        self,
        registers: RegisterMap,
        constants: Mapping[str, int],
        *,
        shapes: Mapping[str, ShapeLike] = MappingProxyType({}),
    ):
        check_constants(registers, constants)
        self._registers = registers
        self._constants = dict(constants)
        members = {"port": In(RegisterPort(registers.address_bits))}
        for register in registers.values():
            if register.name not in constants:
                members |= _members(register, shapes.get(register.name, WORD_BITS))
        super().__init__(members)

    @property
    def registers(self) -> RegisterMap:
        """The registers."""
        return self._registers

    @property
    def constants(self) -> dict[str, int]:
        """Words of those that never change."""
        return dict(self._constants)

    def elaborate(self, platform):
        m = Module()

        port, word = self.port, Signal(WORD_BITS)
        selected = Signal(len(self._registers))
        for index, register in enumerate(self._registers.values()):
            m.d.comb += selected[index].eq(port.address == register.word)
        for index, register in enumerate(self._registers.values()):
            here = selected[index]
            read = self._register(m, register, here & port.read, here & port.write)
            with m.If(here):
                m.d.comb += word.eq(read)
        with m.If(port.read):
            m.d.sync += port.r_data.eq(word)

        return m

    def _register(self, m: Module, register: Register, reads: Value, writes: Value) -> Value:
        """The word that a host reads, with the logic of the register."""
        if register.name in self._constants:
            return Const(self._constants[register.name], WORD_BITS)
        member = getattr(self, register.name.lower())
        if register.access == "wo":
            strobe = getattr(self, f"{register.name.lower()}_strobe")
            m.d.comb += [member.eq(self.port.w_data), strobe.eq(writes)]
            return Const(0, WORD_BITS)
        if register.takes:
            m.d.comb += getattr(self, f"{register.name.lower()}_strobe").eq(reads)
        if not register.fields:
            return member
        word = Signal(WORD_BITS, name=register.name.lower() + "_word")
        for field in register.fields:
            written = self.port.w_data[field.lsb : field.lsb + field.bits]
            kept = member[field.name]
            if register.access == "w1c":
                kept = getattr(self, f"{register.name.lower()}_flags")[field.name]
                m.d.sync += kept.eq(kept & ~Mux(writes, written, 0) | member[field.name])
            elif register.access == "rw" and field.pulse:
                m.d.sync += kept.eq(Mux(writes, written, 0))
                continue
            elif register.access == "rw":
                with m.If(writes):
                    m.d.sync += kept.eq(written)
            m.d.comb += word[field.lsb : field.lsb + field.bits].eq(kept)
        return word


def check_constants(registers: RegisterMap, constants: Mapping[str, int]):
    """Check that constants are words of registers that are only read.

    Raises
    ------
    PlanError
        If a constant is of no register, or no word.
    """
    for name, word in constants.items():
        if name not in registers or registers[name].access != "ro":
            raise PlanError(f"a constant is of a register that is read only, not {name!r}")
        if not 0 <= word < 1 << WORD_BITS:
            raise PlanError(f"{name} has {WORD_BITS} bits, which are not {word}")


def _members(register: Register, shape: ShapeLike) -> dict[str, wiring.Member]:
    """Members of a register file for a register that is no constant."""
    name = register.name.lower()
    if register.fields:
        shape = data.StructLayout({field.name: field.bits for field in register.fields})
    if register.access == "rw":
        init = {field.name: field.init for field in register.fields}
        return {name: Out(shape, init=init)}
    if register.access == "wo":
        return {name: Out(WORD_BITS), f"{name}_strobe": Out(1)}
    members = {name: In(shape)}
    if register.access == "w1c":
        members[f"{name}_flags"] = Out(shape)
    if register.takes:
        members[f"{name}_strobe"] = Out(1)
    return members
