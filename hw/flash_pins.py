"""Flash pins: a flash reader at the pins of a board."""

from amaranth.hdl import Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from threefold.boards import Board

from .primitive import primitive

__all__ = ["FlashPins"]


class FlashPins(wiring.Component):
    """Pins of the flash that a board is configured from.

    Where the clock has no pin of its own it goes through the cell that the family has for it. What
    write-protects and holds the flash is released.

    Parameters
    ----------
    board : Board
        One that has a flash.

    Members
    -------
    cs, clk, copi : In(1)
        Select, clock and data for the flash.
    cipo : Out(1)
        Data of the flash.
    """

    cs: In(1)
    clk: In(1)
    copi: In(1)
    cipo: Out(1)

    def __init__(self, board: Board):
        self._board = board
        super().__init__()

    @property
    def board(self) -> Board:
        """The board."""
        return self._board

    def elaborate(self, platform):
        m = Module()

        name, cell = self._board.flash.resource, self._board.family.flash_clock
        names = [pin.name for pin in platform.lookup(name, 0).ios]
        pins = platform.request(name, 0, dir=dict.fromkeys(names, "-"))
        outputs = {"cs": self.cs, "copi": self.copi, "clk": self.clk}
        if cell is not None:
            m.submodules.clock = primitive(cell, clock=self.clk)
            del outputs["clk"]
        for each in ("wp", "hold"):
            if each in names:
                outputs[each] = Signal()
        for each, signal in outputs.items():
            m.submodules[each] = buffer = io.Buffer("o", getattr(pins, each))
            m.d.comb += buffer.o.eq(signal)
        m.submodules.cipo = buffer = io.Buffer("i", pins.cipo)
        m.d.comb += self.cipo.eq(buffer.i)

        return m
