"""Accelerator with an SDRAM: a streamed accelerator and the memory of its program."""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.boards.sdram import SDRAM
from threefold.errors import PlanError
from threefold.plan import Plan, Ports
from threefold.plan.image import fingerprint
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit

from ..accelerator import Accelerator
from .controller import SDRAMPins
from .feed import feed_of
from .program import SDRAMProgram

__all__ = ["SDRAMAccelerator"]


class SDRAMAccelerator(wiring.Component):
    """Accelerator of a plan with a streamed unit, whose program is in an SDRAM.

    Parameters
    ----------
    plan : Plan
    sdram : SDRAM
    clock_mhz : float
        Frequency of ``sync``, and of the SDRAM.

    Members
    -------
    i, o
        Those of :class:`~threefold.hw.accelerator.Accelerator`.
    load : In(stream.Signature(8))
        Bytes of :func:`~threefold.plan.image_of`. Others may begin only when no image is inside.
    idle : In(1)
        No image is inside.
    loaded : Out(1)
        The program is in the SDRAM and right, and the accelerator has as much of it as it has room
        for. Nothing enters it before.
    refused : Out(1)
        High for a cycle for each program that is wrong.
    wrong : Out(1)
        What came from the SDRAM was not what had been loaded. Nothing leaves from then on, until
        another is loaded, or a reset.
    pins : Out(SDRAMPins(sdram))

    Raises
    ------
    PlanError
        If the plan has no streamed unit, or it was made for another memory or clock.
    """

    def __init__(self, plan: Plan, sdram: SDRAM, *, clock_mhz: float):
        unit = plan.streamed
        if not isinstance(unit, StreamedUnit):
            raise PlanError(f"no program of {plan.network.name!r} comes from a memory outside")
        made, needed = Feed.of(unit.feed), feed_of(sdram, clock_mhz)
        if made != needed:
            raise PlanError(
                f"the plan of {plan.network.name!r} is for {made}, and {sdram.name} at "
                f"{clock_mhz:g} MHz is {needed}"
            )
        self._accelerator = Accelerator(plan)
        self._program = SDRAMProgram(sdram, clock_mhz=clock_mhz, words=unit.program.frame_words)
        members = self._accelerator.signature.members
        super().__init__(
            {
                "i": members["i"],
                "o": members["o"],
                "load": In(stream.Signature(8)),
                "idle": In(1),
                "loaded": Out(1),
                "refused": Out(1),
                "wrong": Out(1),
                "pins": Out(SDRAMPins(sdram)),
            }
        )

    @property
    def plan(self) -> Plan:
        return self._accelerator.plan

    @property
    def ports(self) -> Ports:
        return self._accelerator.ports

    def elaborate(self, platform):
        m = Module()

        accelerator, program = self._accelerator, self._program
        m.submodules.program = program
        m.submodules.accelerator = ResetInserter(~program.loaded)(accelerator)
        connect(m, flipped(self.load), program.load)
        connect(m, accelerator.frames, program.frames)
        connect(m, program.pins, flipped(self.pins))
        connect(m, flipped(self.i), accelerator.i)
        connect(m, accelerator.o, flipped(self.o))
        m.d.comb += [
            program.fingerprint.eq(int.from_bytes(fingerprint(self.plan), "little")),
            program.idle.eq(self.idle),
            self.loaded.eq(accelerator.loaded & program.loaded),
            self.refused.eq(program.refused),
            self.wrong.eq(accelerator.wrong),
        ]

        return m
