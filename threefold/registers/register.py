"""Register: one word of the map that a host sees, and the fields in it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

__all__ = ["EVERYWHERE", "WORD_BITS", "WORD_BYTES", "Field", "Register", "RegisterMap"]

WORD_BITS, WORD_BYTES = 32, 4
"""Width of a register, in bits and in bytes."""

EVERYWHERE = ("link", "axi", "wishbone")
"""The interfaces: a board's serial link, AXI4-Lite beside AXI4-Stream, Wishbone alone."""


@dataclass(frozen=True)
class Field:
    """Bits of a register.

    Attributes
    ----------
    name : str
        Lower-case letters and underscores.
    lsb : int
        Place of the lowest bit.
    bits : int
        Width.
    text : str
        Meaning, for people.
    init : int
        Value after a reset, of a field that can be written.
    pulse : bool
        Whether a 1 acts once when it is written, and reads 0.
    on : tuple of str
        Interfaces that have it; elsewhere it reads 0.
    loadable : bool
        Whether only loadable accelerators have it.
    """

    name: str
    lsb: int
    bits: int
    text: str
    init: int = 0
    pulse: bool = False
    on: tuple[str, ...] = EVERYWHERE
    loadable: bool = False

    def exists(self, interface: str, loadable: bool) -> bool:
        """Whether an accelerator with an interface has it."""
        return interface in self.on and (loadable or not self.loadable)

    @property
    def mask(self) -> int:
        """Bits of the field within its register."""
        return ((1 << self.bits) - 1) << self.lsb

    def of(self, word: int) -> int:
        """Value of the field in a word."""
        return (word & self.mask) >> self.lsb


@dataclass(frozen=True)
class Register:
    """A word that a host reads or writes.

    Attributes
    ----------
    name : str
        Upper-case letters and underscores.
    offset : int
        Bytes from the first register, a multiple of 4.
    access : str
        ``"ro"`` and ``"rw"``; ``"w1c"`` is read, and writing a 1 clears a bit; ``"wo"`` reads 0.
    text : str
        Meaning, for people.
    fields : tuple of Field
        From the lowest bit on; none where the word is one number.
    takes : bool
        Whether reading takes the value away, so that the next read gives the next one.
    on : tuple of str
        Interfaces that have it; elsewhere it reads 0.
    loadable : bool
        Whether only loadable accelerators have it.
    """

    name: str
    offset: int
    access: str
    text: str
    fields: tuple[Field, ...] = ()
    takes: bool = False
    on: tuple[str, ...] = EVERYWHERE
    loadable: bool = False

    def exists(self, interface: str, loadable: bool) -> bool:
        """Whether an accelerator with an interface has it."""
        return interface in self.on and (loadable or not self.loadable)

    @property
    def word(self) -> int:
        """Number of the word: the offset in words."""
        return self.offset // WORD_BYTES

    @property
    def init(self) -> int:
        """Value after a reset, where the host decides what it is."""
        return self.pack(**{field.name: field.init for field in self.fields})

    def field(self, name: str) -> Field:
        """The field of a name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def pack(self, **values: int) -> int:
        """The word with these fields, all others 0.

        Raises
        ------
        KeyError
            If there is no field of a name.
        ValueError
            If a value does not fit its field.
        """
        word = 0
        for name, value in values.items():
            field = self.field(name)
            if not 0 <= value < 1 << field.bits:
                raise ValueError(f"{self.name}.{name} has {field.bits} bits, which are not {value}")
            word |= value << field.lsb
        return word

    def unpack(self, word: int) -> dict[str, int]:
        """Values of all fields in a word, by name.

        Examples
        --------
        >>> from threefold.registers import REGISTERS
        >>> REGISTERS["VERSION"].unpack(0x10003)
        {'minor': 3, 'major': 1}
        """
        return {field.name: field.of(word) for field in self.fields}


class RegisterMap(Mapping[str, Register]):
    """Registers by name, in the order of their offsets.

    Parameters
    ----------
    registers : iterable of Register
    address_bits : int, optional
        Width of a word address, in bits; as it takes to reach all of them if left out.
    """

    def __init__(self, registers: Iterable[Register], address_bits: int | None = None):
        self._registers = {register.name: register for register in registers}
        last = max(register.word for register in self._registers.values())
        self._address_bits = address_bits or last.bit_length()

    def __getitem__(self, name: str) -> Register:
        return self._registers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._registers)

    def __len__(self) -> int:
        return len(self._registers)

    @property
    def address_bits(self) -> int:
        """Width of a word address, in bits: the same for a map and for parts of it."""
        return self._address_bits

    def on(self, interface: str, *, loadable: bool = False) -> "RegisterMap":
        """Those that an interface has, with the fields that it has.

        Parameters
        ----------
        interface : str
            One of :data:`EVERYWHERE`.
        loadable : bool
            Whether the accelerator is loadable.
        """
        own = (
            replace(
                register,
                fields=tuple(each for each in register.fields if each.exists(interface, loadable)),
            )
            for register in self.values()
            if register.exists(interface, loadable)
        )
        return RegisterMap(own, self.address_bits)

    def without(self, *names: str) -> "RegisterMap":
        """All but some, for hardware that has no room for them."""
        kept = (each for each in self.values() if each.name not in names)
        return RegisterMap(kept, self.address_bits)
