"""Buffers of an SDRAM: a controller at the pins of a board."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from threefold.boards import Board

from .controller import SDRAMPins

__all__ = ["LEAD_NS", "SDRAMBuffers"]

LEAD_NS = 3.5
"""Time by which the clock at the SDRAM's pin is ahead of that of the controller."""


class SDRAMBuffers(wiring.Component):
    """Registers in the cells of the pins, of an SDRAM on a board.

    All outputs change with the controller's clock, and so are the data pins sampled. The clock at
    the pin is that of the domain ``chip``, L = :data:`LEAD_NS` ahead, through a cell like those of
    the other outputs: all have the same delay d to their pins, taken to be 2 to 3.5 ns. The SDRAM,
    an AS4C16M16SA-7, needs commands and data 1.5 ns before its clock and 0.8 ns after. They are
    there T - L before and L after, with a period T. What it gives is there from 5.4 ns (tAC) after
    its clock until 2.5 ns (tOH) after the next one, and is sampled T + L - d after its clock, less
    the delay s of an input, taken to be up to 1 ns. So L is from d + s + 5.4 ns - T to
    d + s + 2.5 ns for the extremes of the delays: from 2.9 to 4.5 ns at 142 MHz. L = 3.5 ns suits
    all lower clocks, too. No board has been measured.

    Parameters
    ----------
    board : Board
        One that has an SDRAM.
    domain : str
        Clock domain of the controller.

    Members
    -------
    pins : In(SDRAMPins(board.sdram))
    """

    def __init__(self, board: Board, *, domain: str = "sync"):
        assert board.sdram is not None
        self._board, self._domain = board, domain
        super().__init__({"pins": In(SDRAMPins(board.sdram))})

    @property
    def board(self) -> Board:
        """The board."""
        return self._board

    @property
    def domain(self) -> str:
        """Clock domain of the controller."""
        return self._domain

    def elaborate(self, platform):
        m = Module()

        names = [pin.name for pin in platform.lookup("sdram", 0).ios]
        ports = platform.request("sdram", 0, dir=dict.fromkeys(names, "-"))
        outputs = {
            "ras": self.pins.ras,
            "cas": self.pins.cas,
            "we": self.pins.we,
            "ba": self.pins.bank,
            "a": self.pins.address,
            "dqm": self.pins.dqm.replicate(len(ports.dqm)),
            "cs": Const(1),
            # Low after configuration, so that the first command, which is none, is passed over.
            "clk_en": Const(1),
        }
        for name in filter(names.__contains__, outputs):
            buffer = io.FFBuffer("o", getattr(ports, name), o_domain=self._domain)
            m.submodules[name] = buffer
            m.d.comb += buffer.o.eq(outputs[name])
        dq = io.FFBuffer("io", ports.dq, i_domain=self._domain, o_domain=self._domain)
        m.submodules.dq = dq
        m.d.comb += [
            dq.o.eq(self.pins.dq_o),
            dq.oe.eq(self.pins.dq_oe),
            self.pins.dq_i.eq(dq.i),
        ]
        m.submodules.clk = clock = io.DDRBuffer("o", ports.clk, o_domain="chip")
        m.d.comb += Cat(clock.o[0], clock.o[1]).eq(0b01)

        return m
