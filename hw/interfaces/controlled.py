"""Controlled accelerator: an accelerator with its registers."""

from collections.abc import Mapping

from amaranth.hdl import Module, ResetInserter, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.errors import PlanError
from threefold.registers import RegisterMap

from .load_buffer import LoadBuffer
from .loadable import has_memory, is_loadable
from .loaded_image import LoadedImage
from .monitor import Monitor
from .registers import RegisterFile

__all__ = ["ControlledAccelerator"]

_MEASURED = ("images", "cycles", "latency", "interval")
_LOADED = ("loaded", "refused", "load", "load_strobe")
_OWN = ("CONTROL", "STATUS", *(name.upper() for name in (*_MEASURED, *_LOADED)))
_REFUSED_BITS = 8


class ControlledAccelerator(wiring.Component):
    """Accelerator behind its registers, which a front for some interface makes accessible.

    Parameters
    ----------
    accelerator : wiring.Component
        Its attribute ``ports``, a :class:`~threefold.plan.Ports`, describes its streams ``i`` and
        ``o``. It becomes a submodule. If it is loadable, ``LOAD`` takes program images, and without
        one no image begins.
    registers : RegisterMap
        Those that exist, such as ``REGISTERS.on("axi")``, ``CONTROL`` and ``STATUS`` among them;
        those of loadable accelerators if it is one.
    constants : dict of str to int
        Words of those that never change, see :func:`~threefold.registers.identity.identity`.
    shapes : shape-like, by name
        As for :class:`RegisterFile`.

    Members
    -------
    i : In(stream)
        Input of the accelerator.
    o : Out(stream)
        Its output.
    width : In(range(widths))
        With the first beat of an image, the width at which it is computed, if there are several.
    port : In(RegisterPort)
        Registers; see :class:`RegisterFile`.
    forget : Out(1)
        Whether all images are forgotten in this cycle, as by a reset: what a front holds of them
        goes with them.
    i_last, o_last : Out(1)
        Whether the beat at ``i`` or ``o`` is the last of its image.
    busy : Out(1)
        Whether an image has begun whose last output beat has not left.
    run : Out(1)
        Whether images may begin.
    cycles : Out(32)
        Cycles since the start, where they are a register.

    Other registers have the members that :class:`RegisterFile` gives them: ``errors``, ``window``,
    ``data_in`` and so on.

    Raises
    ------
    PlanError
        If a constant is of no register, or no word, or the accelerator has a memory at pins.
    """

    def __init__(
        self,
        accelerator: wiring.Component,
        registers: RegisterMap,
        constants: Mapping[str, int],
        **shapes: ShapeLike,
    ):
        ports = accelerator.ports
        members = accelerator.signature.members
        i, o = members["i"], members["o"]
        self._accelerator = accelerator
        self._loadable = is_loadable(accelerator)
        if has_memory(accelerator):
            raise PlanError("no bus of a core has the pins of a memory; build for a board")
        shapes = {"REFUSED": _REFUSED_BITS, **shapes}
        self._file = RegisterFile(registers, constants, shapes=shapes)
        self._monitor = Monitor(
            i.signature.flip(), o.signature, i_beats=ports.input.beats, o_beats=ports.output.beats
        )
        own = {name.lower() for name in _OWN}
        file = self._file.signature.members
        self._more = [name for name in file if name not in (*own, "port")]
        super().__init__(
            {
                "i": i,
                "o": o,
                **({"width": members["width"]} if "width" in members else {}),
                "port": file["port"],
                "forget": Out(1),
                "i_last": Out(1),
                "o_last": Out(1),
                "busy": Out(1),
                "run": Out(1),
                **({"cycles": Out(32)} if "CYCLES" in registers else {}),
                **{name: file[name] for name in self._more},
            }
        )

    @property
    def accelerator(self) -> wiring.Component:
        """What is behind the registers."""
        return self._accelerator

    @property
    def registers(self) -> RegisterMap:
        """The registers."""
        return self._file.registers

    def elaborate(self, platform):
        m = Module()

        file, monitor, accelerator = self._file, self._monitor, self._accelerator
        anew = ResetInserter(self.forget)
        m.submodules.registers = file
        m.submodules.monitor = anew(monitor)
        m.submodules.accelerator = anew(accelerator)

        connect(m, flipped(self.i), monitor.i)
        connect(m, monitor.to, accelerator.i)
        connect(m, accelerator.o, monitor.back)
        connect(m, monitor.o, flipped(self.o))
        connect(m, flipped(self.port), file.port)
        m.d.comb += [
            self.forget.eq(file.control.reset),
            self.i_last.eq(monitor.i_last),
            self.o_last.eq(monitor.o_last),
            self.busy.eq(monitor.busy),
            self.run.eq(file.control.run),
            file.status.busy.eq(monitor.busy),
            file.status.input_ready.eq(monitor.i.ready),
            file.status.output_valid.eq(monitor.o.valid),
        ]
        if "width" in self.signature.members:
            m.d.comb += accelerator.width.eq(self.width)
        if self._loadable:
            self._load(m, anew)
        else:
            m.d.comb += monitor.run.eq(file.control.run)
        if "CYCLES" in file.registers:
            m.d.comb += self.cycles.eq(monitor.cycles)
        for name in _MEASURED:
            if name.upper() in file.registers:
                m.d.comb += getattr(file, name).eq(getattr(monitor, name))
        for name in self._more:
            inner, outer = getattr(file, name), getattr(self, name)
            flows_in = self.signature.members[name].flow == In
            m.d.comb += inner.eq(outer) if flows_in else outer.eq(inner)

        return m

    def _load(self, m: Module, anew: ResetInserter):
        """Program images, a byte for each word that is written to ``LOAD``."""
        file, accelerator, refused = self._file, self._accelerator, Signal(_REFUSED_BITS)
        buffer = LoadBuffer()
        m.submodules.loaded_image = image = LoadedImage()
        m.submodules.load_buffer = anew(buffer)
        connect(m, buffer.o, accelerator.load)
        m.d.sync += refused.eq(refused + accelerator.refused)
        m.d.comb += [
            buffer.write.eq(file.load_strobe & file.control.load),
            buffer.byte.eq(file.load),
            image.takes.eq(buffer.o.valid & buffer.o.ready),
            image.byte.eq(buffer.o.payload),
            image.loaded.eq(accelerator.loaded),
            file.loaded.eq(image.crc),
            file.refused.eq(refused),
            file.status.loaded.eq(accelerator.loaded),
            file.status.load_ready.eq(~buffer.o.valid),
            self._monitor.run.eq(file.control.run & ~file.control.load & accelerator.loaded),
        ]
