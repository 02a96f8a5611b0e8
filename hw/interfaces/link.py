"""Serial link: an accelerator and its registers behind a UART."""

import math
from collections.abc import Mapping
from functools import reduce
from operator import and_, or_
from typing import Self

from amaranth.hdl import Elaboratable, Module, Mux, ResetInserter, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.errors import PlanError
from threefold.fpga import Family
from threefold.network.file import digest
from threefold.registers import WORD_BITS
from threefold.registers.identity import identity_of

from ..family import family_of
from ..global_net import global_net
from ..stream import shape_of
from .accelerator_ports import ports_of
from .byte_fifos import ByteFifos
from .byte_packer import BytePacker
from .byte_unpacker import ByteUnpacker
from .flash import FlashReader
from .frame_parser import FrameParser
from .framer import Framer
from .loadable import has_memory, is_loadable
from .loaded_image import LoadedImage
from .serial import ADDRESS_BITS, RECORD_BITS, window
from .serial_registers import SerialRegisters
from .stuffer import Destuffer, Stuffer
from .test_port import connect_test, has_test
from .uart import UARTReceiver, UARTTransmitter, divisor
from .width_word import WidthWord, widths_of

__all__ = ["SerialLink"]


class _Step(enum.IntEnum, shape=2):
    """Step of an access to a register."""

    WRITE = 0
    WAIT = 1
    READ = 2
    TELL = 3


class SerialLink(wiring.Component):
    """Accelerator behind a UART, which frames ask for images and registers.

    The protocol is that of ``docs/reference/link.md``. No image is stored: codes go into the
    accelerator as they come, and wait in a FIFO while it does not take them.

    Parameters
    ----------
    accelerator : wiring.Component
        Its attribute ``ports``, a :class:`~threefold.plan.Ports`, describes its streams ``i`` and
        ``o``; input codes have at most 8 bits. It becomes a submodule. If it is loadable, program
        images come over the line as well. If its plan has several widths, a byte with the number of
        one comes ahead of the codes of each image. A :class:`TestPort` of it is connected, too.
    constants : dict of str to int
        Words of the registers that never change, ``WINDOW`` among them.
    divisor : int
        Clock cycles a bit, at least 4.
    flash : FlashReader, optional
        For a loadable accelerator: reads a program image at the start, before any register is
        written or read. It becomes a submodule.

    Members
    -------
    hold : In(1)
        Nothing begins while it is high; on a board, until the clock is steady.
    rx : In(1)
        Serial line in, idle high.
    tx : Out(1)
        Serial line out, idle high.
    busy : Out(1)
        While an image is on its way, or a frame is being sent, or a benchmark is busy.
    error : Out(1)
        High for a cycle when a frame is refused or a byte is lost.
    last : Out(8)
        Low bits of the latest output element: the class, for a classifier.
    cycle, place : Out(1), Out(5)
        Bit ``place`` of the cycles since the start, as :class:`SerialRegisters` tells them.
    flash_cs, flash_clk, flash_copi : Out(1)
    flash_cipo : In(1)
        Those of the reader, if there is one.
    memory : Out
        Pins of the accelerator's memory, if it has one.

    Raises
    ------
    PlanError
        If the accelerator has no ports, its streams are not as they say, a code does not fit a
        byte, there are less than 4 cycles a bit, or a flash is read for an accelerator that is not
        loadable.
    """

    def __init__(
        self,
        accelerator: wiring.Component,
        constants: Mapping[str, int],
        *,
        divisor: int,
        flash: FlashReader | None = None,
    ):
        ports = ports_of(accelerator)
        given, taken = ports.input, ports.output
        self._divisor = divisor
        self._ports = ports
        self._accelerator = accelerator
        self._loadable = is_loadable(accelerator)
        self._memory = has_memory(accelerator)
        self._test = has_test(accelerator)
        self._pins = self._memory or self._test
        self._widths = widths_of(accelerator)
        if flash and not self._loadable:
            raise PlanError("nothing can be loaded from a flash: the accelerator is not loadable")
        self._flash = flash
        self._registers = SerialRegisters(constants, loadable=self._loadable, benchmark=self._test)
        self._receiver = UARTReceiver(divisor)
        self._parser = FrameParser(
            given.tensor.size + (self._widths > 1),
            value_bits=self._registers.written_bits,
            loads=self._loadable or self._test,
        )
        self._packer = BytePacker(given.type.bits, given.type.lanes)
        self._unpacker = ByteUnpacker(shape_of(taken.type), taken.type.lanes)
        self._framer = Framer(taken.tensor.size * taken.element_bytes)
        self._transmitter = UARTTransmitter(divisor)
        pins = {"flash_cs": Out(1), "flash_clk": Out(1), "flash_copi": Out(1), "flash_cipo": In(1)}
        super().__init__(
            {
                "hold": In(1),
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "busy": Out(1),
                "error": Out(1),
                "last": Out(8),
                "cycle": Out(1),
                "place": Out(range(WORD_BITS)),
                **(pins if flash else {}),
                **({"memory": accelerator.signature.members["pins"]} if self._pins else {}),
            }
        )

    @classmethod
    def at(
        cls,
        accelerator: wiring.Component,
        *,
        clock_mhz: float,
        baud: int,
        flash: FlashReader | None = None,
    ) -> Self:
        """The link of an accelerator at a clock in MHz and a rate in bit/s.

        An accelerator of a plan is told by its network, and by its interval how many images may be
        on their way; of another one only as many as wait in the FIFO.

        Raises
        ------
        PlanError
            Also if the clock cannot make the rate, or the line brings images too fast.
        """
        ports = ports_of(accelerator)
        plan = getattr(accelerator, "plan", None)
        told = digest(plan.network) if plan else "0" * 64
        constants = identity_of(
            ports,
            told,
            clock_mhz=clock_mhz,
            loadable=is_loadable(accelerator),
            widths=widths_of(accelerator),
            benchmark=has_test(accelerator),
            batch=plan.batch if plan else 1,
        )
        interval = plan.cycles.interval if plan else math.inf
        constants["WINDOW"] = window(ports, interval, clock_mhz, baud)
        return cls(accelerator, constants, divisor=divisor(clock_mhz, baud), flash=flash)

    @property
    def accelerator(self) -> wiring.Component:
        """What is behind the line."""
        return self._accelerator

    @property
    def divisor(self) -> int:
        """Clock cycles a bit."""
        return self._divisor

    @property
    def loadable(self) -> bool:
        """Whether program images are loaded into the accelerator."""
        return self._loadable

    @property
    def flash(self) -> FlashReader | None:
        """What reads a program image at the start."""
        return self._flash

    def elaborate(self, platform):
        m = Module()

        restart, everywhere = self._restart(m, family_of(platform))
        anew, held = ResetInserter(everywhere), ResetInserter(self.hold)
        receiver, parser, registers = self._receiver, self._parser, self._registers
        framer, transmitter = self._framer, self._transmitter
        fifos = ByteFifos(address_bits=ADDRESS_BITS, few_bits=RECORD_BITS)
        destuffer, stuffer = Destuffer(), Stuffer()
        m.submodules.receiver = held(receiver)
        m.submodules.fifos = held(fifos)
        m.submodules.destuffer = held(destuffer)
        m.submodules.parser = held(parser)
        m.submodules.packer = anew(self._packer)
        m.submodules.accelerator = self._reset(anew, held)
        m.submodules.unpacker = anew(self._unpacker)
        m.submodules.framer = held(framer)
        m.submodules.stuffer = held(stuffer)
        m.submodules.transmitter = held(transmitter)
        m.submodules.registers = held(registers)

        connect(m, receiver.o, fifos.i)
        connect(m, fifos.o, destuffer.i)
        connect(m, destuffer.o, parser.i)
        self._pack(m, parser, anew)
        connect(m, self._packer.o, self._accelerator.i)
        connect(m, self._accelerator.o, self._unpacker.i)
        connect(m, parser.records, fifos.few_i)
        connect(m, fifos.few_o, framer.records)
        connect(m, self._unpacker.o, framer.results)
        connect(m, framer.o, stuffer.i)
        connect(m, stuffer.o, transmitter.i)

        taken = self._accelerator.o
        working, lost = Signal(), Signal()
        busy = [working, framer.busy, ~transmitter.i.ready]
        if self._test:
            busy.append(self._accelerator.test.busy)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            framer.forget.eq(registers.control.reset | restart),
            fifos.clear_few.eq(registers.control.reset | restart),
            working.eq(parser.busy | fifos.few_held),
            self.busy.eq(reduce(or_, busy)),
            self.error.eq((parser.bad & registers.counted) | lost),
            self.cycle.eq(registers.cycle),
            self.place.eq(registers.place),
            registers.status.busy.eq(working),
            registers.images.eq(framer.answered),
            registers.overruns.eq(lost),
            registers.errors.overrun.eq(lost),
        ]
        m.d.sync += lost.eq(receiver.overrun | receiver.broken)
        with m.If(taken.valid & taken.ready):
            m.d.sync += self.last.eq(taken.payload[-1])
        self._count(m, parser)
        self._access(m, parser)
        if self._pins:
            connect(m, self._accelerator.pins, flipped(self.memory))
            m.d.comb += self._accelerator.restart.eq(restart)
        if self._memory:
            m.d.comb += self._accelerator.hold.eq(self.hold)
        self._take(m, parser, held)

        return m

    def _count(self, m: Module, parser: FrameParser):
        """What registers tell of streams and of frames that are refused."""
        registers = self._registers
        m.d.comb += [
            registers.status.input_ready.eq(self._accelerator.i.ready),
            registers.status.output_valid.eq(self._accelerator.o.valid),
            registers.frames_bad.eq(parser.bad),
            registers.errors.frame.eq(parser.bad),
            parser.counted.eq(registers.counted),
        ]

    def _restart(self, m: Module, family: Family) -> tuple[Signal, Signal]:
        """The reset of the accelerator, a register alone, and the same all over the device."""
        restart = Signal(init=1)
        m.d.sync += restart.eq(self._registers.control.reset | self.hold)
        return restart, global_net(m, restart, family)

    def _reset(self, anew: ResetInserter, held: ResetInserter) -> Elaboratable:
        """The accelerator with what resets it.

        One with a memory is restarted instead, which what is in the memory outlives.
        """
        if self._memory:
            return self._accelerator
        return (held if self._test else anew)(self._accelerator)

    def _pack(self, m: Module, parser: FrameParser, anew: ResetInserter):
        """Codes of images as lanes, and the width that comes ahead of them."""
        if self._widths == 1:
            connect(m, parser.codes, self._packer.i)
            return
        accelerator = self._accelerator
        byte = WidthWord(self._parser.inputs - 1, bits=8, widths=self._widths)
        m.submodules.width_word = anew(byte)
        connect(m, parser.codes, byte.i)
        connect(m, byte.o, self._packer.i)
        m.d.comb += [byte.hold.eq(self._packer.o.valid), accelerator.width.eq(byte.width)]

    def _take(self, m: Module, parser: FrameParser, held: ResetInserter):
        """Whether images and bytes of LOADs are taken, and where the latter go."""
        control = self._registers.control
        run, loading, programs = [control.run], [], getattr(parser, "loaded", None)
        if self._test:
            test = self._accelerator.test
            programs = connect_test(m, test, parser, self._registers)
            run.append(~test.busy)
            loading.append(test.loading)
        if self._loadable:
            run += [~control.load, self._load(m, programs, held)]
            loading.append(control.load)
        m.d.comb += parser.run.eq(reduce(and_, run))
        if loading:
            m.d.comb += parser.loading.eq(reduce(or_, loading))

    def _load(self, m: Module, programs: wiring.PureInterface, held: ResetInserter) -> Signal:
        """Program images for the accelerator; whether there is one, without which no image is."""
        registers, accelerator = self._registers, self._accelerator
        loaded, load = Signal(), accelerator.load
        image = LoadedImage()
        if self._memory:
            m.d.comb += [
                loaded.eq(accelerator.stored & ~accelerator.wrong),
                registers.status.wrong.eq(accelerator.wrong),
            ]
        else:
            m.d.comb += loaded.eq(accelerator.loaded)
        m.submodules.loaded_image = held(image)
        if self._flash:
            self._read_flash(m, programs, held)
        else:
            connect(m, programs, load)
        m.d.comb += [
            image.takes.eq(load.valid & load.ready),
            image.byte.eq(load.payload),
            image.loaded.eq(loaded),
            registers.status.loaded.eq(loaded),
            registers.loaded.eq(image.crc),
            registers.refused.eq(accelerator.refused),
        ]
        return loaded

    def _read_flash(self, m: Module, programs: wiring.PureInterface, held: ResetInserter):
        """Bytes of the flash while it is read, then those of frames."""
        accelerator, load, flash = self._accelerator, self._accelerator.load, self._flash
        complete = accelerator.stored if self._memory else accelerator.loaded
        m.submodules.flash = held(flash)
        m.d.comb += [
            flash.stop.eq(complete | accelerator.refused),
            self.flash_cs.eq(flash.cs),
            self.flash_clk.eq(flash.clk),
            self.flash_copi.eq(flash.copi),
            flash.cipo.eq(self.flash_cipo),
            load.valid.eq(Mux(flash.busy, flash.o.valid, programs.valid)),
            load.payload.eq(Mux(flash.busy, flash.o.payload, programs.payload)),
            flash.o.ready.eq(load.ready & flash.busy),
            programs.ready.eq(load.ready & ~flash.busy),
        ]

    def _access(self, m: Module, parser: FrameParser):
        """A register that is written if need be, then read, and then told."""
        registers, framer, asked = self._registers, self._framer, parser.request.payload
        step, loads, there = Signal(_Step), Signal(), parser.request.valid
        if self._flash:  # a reset would forget what of its program image has come
            there &= ~self._flash.busy
        m.d.sync += loads.eq(step == _Step.READ)  # a bit comes a cycle behind its place
        m.d.comb += [
            registers.address.eq(asked.address),
            registers.w_data.eq(asked.value),
            registers.write.eq(there & asked.write & (step == _Step.WRITE)),
            registers.sample.eq(step == _Step.WAIT),  # as late as what was written has acted
            framer.value.valid.eq(step == _Step.TELL),
            framer.value.payload.eq(asked.seq[0]),
            parser.shift.eq(framer.shift),
            parser.load.eq(loads),
            parser.answer.eq(registers.bit),
            parser.request.ready.eq(framer.value.ready),
        ]
        with m.Switch(step):
            with m.Case(_Step.WRITE), m.If(there):
                m.d.sync += step.eq(_Step.WAIT)
            with m.Case(_Step.WAIT, _Step.READ), m.If(registers.place == WORD_BITS - 1):
                m.d.sync += step.eq(step + 1)
            with m.Case(_Step.TELL), m.If(framer.value.ready):
                m.d.sync += step.eq(_Step.WRITE)
