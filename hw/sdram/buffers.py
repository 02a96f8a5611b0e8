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

    All that leaves changes by the controller's clock, and so does what is taken of the data pins.
    The clock at the pin is that of the domain ``chip``, through a cell like those of the other
    outputs, so that their delay d from clock to pin is the same. It is L = :data:`LEAD_NS` ahead.
    With a period T, the SDRAM has T - L to set up commands and data, of 1.5 ns that it needs, and
    they stay for L, of 0.8 ns. What it gives is there from tAC = 5.4 ns after its edge until tOH =
    2.5 ns after the next one, and is taken by the second edge of the controller after the first of
    these: by T + L - d before it becomes late, if no more than 5.4 ns and what the input takes,
    s, of about 1 ns, and until d + 2.5 ns - L after. So L is from d + s + 5.4 ns - T to d + 2.5 ns,
    which is 2.9 to 4.5 ns at 142 MHz, where L is half of a period, for delays of 2 to 3.5 ns; with
    a longer period it may be shorter, but need not.

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
