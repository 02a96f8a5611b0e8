"""Accelerator with an SDRAM: a streamed accelerator and the memory of its program."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.boards.sdram import SDRAM
from threefold.plan import Plan, Ports
from threefold.plan.image import fingerprint

from ..accelerator import Accelerator
from ..family import family_of
from ..global_net import global_net
from ..skid_buffer import SkidBuffer
from ..stream import shape_of
from .controller import SDRAMPins
from .feed import ratio_of
from .occupancy import Occupancy
from .program import SDRAMProgram

__all__ = ["SDRAMAccelerator"]


class SDRAMAccelerator(wiring.Component):
    """Accelerator of a plan with a streamed unit, whose program is in an SDRAM.

    The SDRAM has the clock of the accelerator or twice that, whichever the plan was made for. It is
    in ``sync`` then, or in ``memory``, whose rising edges those of ``sync`` are among.

    Parameters
    ----------
    plan : Plan
    sdram : SDRAM
    clock_mhz : float
        Frequency of ``sync``.

    Members
    -------
    i, o
        Those of :class:`~threefold.hw.accelerator.Accelerator`; also ``width`` if that has it.
    load : In(stream.Signature(8))
        Bytes of :func:`~threefold.plan.image_of`. Others wait while an image of codes is inside.
    stored : Out(1)
        The program is in the SDRAM and right. Nothing enters the accelerator before.
    loaded : Out(1)
        The accelerator has as much of the program as it has room for, too.
    refused : Out(1)
        High for a cycle for each program that is wrong.
    wrong : Out(1)
        What came from the SDRAM was not what had been loaded. Nothing leaves from then on, until
        another is loaded, or a restart.
    hold : In(1)
        The clocks are not steady; the SDRAM is told nothing, and begins anew when they are.
    restart : In(1)
        Images inside are forgotten, and a program of which some has come, but not what is in the
        SDRAM.
    pins : Out(SDRAMPins(sdram))

    Raises
    ------
    PlanError
        If the plan has no streamed unit, or it was made for another memory or clock.
    """

    def __init__(self, plan: Plan, sdram: SDRAM, *, clock_mhz: float):
        self._sdram, self._clock_mhz = sdram, clock_mhz
        ratio, words = ratio_of(plan, sdram, clock_mhz), plan.streamed.program.frame_words
        self._accelerator = Accelerator(plan)
        self._program = SDRAMProgram(sdram, clock_mhz=clock_mhz, words=words, ratio=ratio)
        self._occupancy = Occupancy(plan.ports.input.beats, plan.ports.output.beats)
        members = self._accelerator.signature.members
        super().__init__(
            {
                **{name: members[name] for name in ("i", "o", "width") if name in members},
                "load": In(stream.Signature(8)),
                "stored": Out(1),
                "loaded": Out(1),
                "refused": Out(1),
                "wrong": Out(1),
                "hold": In(1),
                "restart": In(1),
                "pins": Out(SDRAMPins(sdram)),
            }
        )

    @property
    def plan(self) -> Plan:
        return self._accelerator.plan

    @property
    def ports(self) -> Ports:
        return self._accelerator.ports

    @property
    def sdram(self) -> SDRAM:
        """The SDRAM."""
        return self._sdram

    @property
    def clock_mhz(self) -> float:
        """Frequency of ``sync``."""
        return self._clock_mhz

    @property
    def ratio(self) -> int:
        """Frequency of the SDRAM by that of ``sync``."""
        return self._program.ratio

    def elaborate(self, platform):
        m = Module()

        accelerator, program, occupancy = self._accelerator, self._program, self._occupancy
        # A register of its own has its place beside the global buffer.
        stopped = Signal(init=1)
        m.d.sync += stopped.eq(program.stopped)
        everywhere = global_net(m, stopped, family_of(platform))
        m.submodules.program = program
        m.submodules.accelerator = ResetInserter(everywhere)(accelerator)
        m.submodules.occupancy = ResetInserter(program.stopped)(occupancy)
        connect(m, flipped(self.load), program.load)
        connect(m, accelerator.frames, program.frames)
        connect(m, program.pins, flipped(self.pins))
        # The accelerator may be far from what is in front of it and behind it.
        given, taken = self.ports.input.type, self.ports.output.type
        enter = SkidBuffer(shape_of(given), lanes=given.lanes)
        leave = SkidBuffer(shape_of(taken), lanes=taken.lanes)
        m.submodules.enter = ResetInserter(stopped)(enter)
        m.submodules.leave = ResetInserter(stopped)(leave)
        connect(m, enter.o, accelerator.i)
        connect(m, accelerator.o, leave.i)
        passes = Signal()
        m.d.comb += [
            passes.eq(program.loaded & ~program.stopped & ~stopped),
            enter.i.valid.eq(self.i.valid & passes),
            enter.i.payload.eq(self.i.payload),
            self.i.ready.eq(enter.i.ready & passes),
            self.o.valid.eq(leave.o.valid & passes),
            self.o.payload.eq(leave.o.payload),
            leave.o.ready.eq(self.o.ready & passes),
            occupancy.enters.eq(self.i.valid & self.i.ready),
            occupancy.leaves.eq(self.o.valid & self.o.ready),
            program.fingerprint.eq(int.from_bytes(fingerprint(self.plan), "little")),
            program.idle.eq(occupancy.empty),
            program.hold.eq(self.hold),
            program.restart.eq(self.restart),
            self.stored.eq(program.loaded),
            self.loaded.eq(accelerator.loaded & passes),
            self.refused.eq(program.refused),
            self.wrong.eq(accelerator.wrong),
        ]
        if "width" in self.signature.members:
            m.d.comb += accelerator.width.eq(self.width)

        return m
