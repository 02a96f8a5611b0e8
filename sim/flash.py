"""SPI flash: a model of the memory that boards are configured from."""

__all__ = ["SPIFlash"]

_RELEASE, _POWER_DOWN, _READ = 0xAB, 0xB9, 0x03
_ADDRESS_BITS = 24
_RELEASE_NS = 3000  # tRES1: from the end of the command to the first one that is obeyed
_DESELECT_NS = 50  # tSHSL2: high time of the select pin
_SETUP_NS = 5  # tSLCH: from select to the first rising edge
_PERIOD_NS = 20  # fR of 50 MHz, by the command 0x03
_HALF_NS = 8  # tCRLH and tCRLL: each half of it


class SPIFlash:
    """SPI flash in mode 0, as the data sheet of the W25Q128JV has it, asleep at first.

    What a reader does against the data sheet is kept in :attr:`faults`, each as a line.

    Parameters
    ----------
    size : int
        Bytes, a power of two of at most 2²⁴.

    Examples
    --------
    >>> flash = SPIFlash()
    >>> flash.write(0x100000, b"content")
    >>> flash.content(0x100000, 9)
    b'content\\xff\\xff'
    """

    def __init__(self, size: int = 1 << _ADDRESS_BITS):
        self._bytes = bytearray(b"\xff") * size
        self.faults: list[str] = []
        self.reads: list[int] = []  # addresses
        self._awake_from: float | None = None  # asleep if None
        self._cs = self._clk = 0
        self._changed = {"cs": -1e9, "clk": -1e9}  # times in ns
        self._rose = -1e9
        self._in, self._count = 0, 0
        self._ignores = False
        self._address = 0
        self._out = 1

    def write(self, offset: int, content: bytes) -> None:
        """Put content at an address, as a programmer does."""
        self._bytes[offset : offset + len(content)] = content

    def content(self, offset: int, count: int) -> bytes:
        """Bytes from an address on."""
        return bytes(self._bytes[offset : offset + count])

    def pins(self, *, cs: int, clk: int, copi: int, ns: float) -> int:
        """Set the pins at a time; the level of the one that is read, high where nothing drives it.

        Parameters
        ----------
        cs : int
            Whether the flash is selected.
        clk, copi : int
            Clock, and data for the flash.
        ns : float
            Time in nanoseconds, later than at the call before.
        """
        if cs != self._cs:
            self._select(cs, clk, ns)
        elif cs and clk != self._clk:
            self._clock(clk, copi, ns)
        self._cs, self._clk = cs, clk
        return self._out if cs else 1

    def _select(self, cs: int, clk: int, ns: float) -> None:
        if clk:
            self._fault("the clock is high when the flash is selected or released", ns)
        if cs:
            self._require("high between commands", ns - self._changed["cs"], _DESELECT_NS, ns)
            self._in, self._count, self._out = 0, 0, 1
            self._ignores = self._awake_from is None or ns < self._awake_from
        elif self._count == 8 and self._in == _RELEASE:
            self._awake_from = ns + _RELEASE_NS
        elif self._count == 8 and self._in == _POWER_DOWN:
            self._awake_from = None
        self._changed["cs"] = ns

    def _clock(self, clk: int, copi: int, ns: float) -> None:
        since = ns - self._changed["clk"]
        if clk:
            self._require("selected before the clock", ns - self._changed["cs"], _SETUP_NS, ns)
            if self._count:
                self._require("in a period of the clock", ns - self._rose, _PERIOD_NS, ns)
            self._rose = ns
            self._take(copi, ns)
        if self._count > clk:
            self._require("in half a period of the clock", since, _HALF_NS, ns)
        if not clk and self._reads and self._count >= 8 + _ADDRESS_BITS:
            self._give()
        self._changed["clk"] = ns

    def _take(self, bit: int, ns: float) -> None:
        if self._count < 8 + _ADDRESS_BITS:
            self._in = self._in << 1 | bit
        self._count += 1
        if self._count == 8:
            if self._ignores and self._in != _RELEASE:
                self._fault(f"command {self._in:#04x} while the flash is asleep", ns)
            elif self._in not in (_READ, _RELEASE, _POWER_DOWN):
                self._fault(f"command {self._in:#04x}, which is unknown", ns)
        if self._count == 8 + _ADDRESS_BITS and self._reads:
            self._address = self._in % (1 << _ADDRESS_BITS)
            self.reads.append(self._address)

    @property
    def _reads(self) -> bool:
        if self._ignores or self._count < 8:
            return False
        shift = min(self._count, 8 + _ADDRESS_BITS) - 8
        return self._in >> shift == _READ

    def _give(self) -> None:
        place = self._count - 8 - _ADDRESS_BITS
        byte = self._bytes[(self._address + place // 8) % len(self._bytes)]
        self._out = byte >> (7 - place % 8) & 1

    def _require(self, what: str, found: float, least: float, ns: float) -> None:
        if found < least:
            self._fault(f"{found:.1f} ns {what}, not {least} or more", ns)

    def _fault(self, what: str, ns: float) -> None:
        self.faults.append(f"at {ns:,.0f} ns: {what}")
