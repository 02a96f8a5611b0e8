"""Benchmark: an accelerator, and images for it in an SDRAM from which it runs at full speed."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.boards.sdram import SDRAM
from threefold.errors import PlanError
from threefold.host.image_set import FINGERPRINT
from threefold.plan import Plan, Ports
from threefold.registers import WORD_BITS
from threefold.registers.benchmark import BENCHMARK, RESULT_WORDS

from ..accelerator import Accelerator
from ..family import family_of
from ..global_net import global_net
from ..interfaces.byte_unpacker import ByteUnpacker
from ..interfaces.loaded_image import LoadedImage
from ..interfaces.registers import RegisterFile
from ..interfaces.test_port import TestPort
from ..sequential.load_port import LoadPort
from ..stream import shape_of
from .bursts import BURST, address_bits
from .controller import SDRAMController, SDRAMPins
from .image_reader import ImageReader
from .result_writer import ResultWriter
from .run_clock import RunClock
from .turns import SDRAMTurns

__all__ = ["Benchmark", "require_whole"]

_DRAINED = 63  # cycles after which no word is on its way that was asked for before
_MOST_LANES = (1 << BENCHMARK["TEST_FORMAT"].field("lanes").bits) - 1
_PASSED = ("load", "loaded", "refused", "width")  # members of an accelerator, as they are


def require_whole(plan: Plan) -> None:
    """Raise unless all contents of an accelerator are inside, so that the SDRAM is free.

    Raises
    ------
    PlanError
        If weights come from the SDRAM.
    """
    if plan.streamed:
        raise PlanError(
            f"weights of {plan.network.name!r} come from the SDRAM in cycles that are known only "
            f"if nothing else does; build it without a benchmark"
        )


class Benchmark(wiring.Component):
    """Accelerator whose images come from a host, or on command from an SDRAM, as fast as they can.

    A set of images is loaded once, see :func:`~threefold.host.image_set.bytes_of`. A run sends it
    into the accelerator as often as it is told, writes results behind it, and counts cycles. All
    that is controlled by the registers of :data:`~threefold.registers.benchmark.BENCHMARK`.

    Parameters
    ----------
    plan : Plan
        Without a streamed unit.
    sdram : SDRAM
    clock_mhz : float
        Frequency of ``sync``, which is that of the SDRAM.

    Members
    -------
    i, o
        Those of :class:`~threefold.hw.accelerator.Accelerator`; also ``width``, ``load``,
        ``loaded`` and ``refused`` if that has them. An image of a run is computed by the whole
        network.
    test : In(TestPort())
    restart : In(1)
        Images inside are forgotten, a run, and a set of which some has come, but not one that is in
        the SDRAM.
    pins : Out(SDRAMPins(sdram))

    Raises
    ------
    PlanError
        If the plan has a streamed unit, a beat too many codes, or the SDRAM takes no such clock.
    """

    def __init__(self, plan: Plan, sdram: SDRAM, *, clock_mhz: float):
        require_whole(plan)
        self._sdram, self._clock_mhz = sdram, clock_mhz
        self._accelerator = accelerator = Accelerator(plan)
        given, taken = plan.ports.input, plan.ports.output
        if given.type.lanes > _MOST_LANES:
            raise PlanError(f"a benchmark has beats of up to {_MOST_LANES:,} codes")
        self._controller = SDRAMController(sdram, clock_mhz=clock_mhz)
        self._reader = ImageReader(sdram, beats=given.beats, bits=given.width)
        self._writer = ResultWriter(sdram, image_bytes=taken.tensor.size * taken.element_bytes)
        self._turns = SDRAMTurns(sdram)
        self._unpacker = ByteUnpacker(shape_of(taken.type), taken.type.lanes)
        self._port = LoadPort(BURST * sdram.bits, sdram.words // BURST)
        words = {"lanes": given.type.lanes, "size": address_bits(sdram)}
        constants = {"TEST_FORMAT": BENCHMARK["TEST_FORMAT"].pack(**words)}
        self._file = RegisterFile(BENCHMARK, constants)
        members = accelerator.signature.members
        super().__init__(
            {
                **{name: members[name] for name in ("i", "o", *_PASSED) if name in members},
                "test": In(TestPort()),
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
        return 1

    def elaborate(self, platform):
        m = Module()

        restart = global_net(m, self.restart, family_of(platform))
        m.submodules.accelerator = ResetInserter(restart)(self._accelerator)
        m.submodules.controller = self._controller
        m.submodules.file = self._file
        connect(m, self._controller.pins, flipped(self.pins))
        connect(m, flipped(self.test.registers), self._file.port)
        stop = self._stop(m)
        m.submodules.reader = ResetInserter(stop)(self._reader)
        m.submodules.unpacker = ResetInserter(stop)(self._unpacker)
        m.submodules.writer = ResetInserter(stop)(self._writer)
        running, start = self._run(m, stop)
        self._connect(m, running)
        self._measure(m, running, start)
        self._request(m, self._load(m, running))

        return m

    def _stop(self, m: Module) -> Signal:
        """A register: what reads and writes images is reset, until nothing is on its way."""
        stop, left = Signal(init=1), Signal(range(_DRAINED + 1), init=_DRAINED)
        m.d.sync += stop.eq(self.restart | (left != 0))
        with m.If(self.restart):
            m.d.sync += left.eq(_DRAINED)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        return stop

    def _run(self, m: Module, stop: Signal) -> tuple[Signal, Signal]:
        """Whether a run is under way, and begins."""
        file, running, start = self._file, Signal(), Signal()
        m.d.comb += [
            start.eq(file.test.run & self._port.loaded & ~running & ~stop),
            file.test_status.busy.eq(running),
            self.test.loading.eq(file.test.load),
            self.test.busy.eq(running | file.test.load),
        ]
        for part in (self._reader, self._writer):
            m.d.comb += [
                part.start.eq(start),
                part.images.eq(file.test_images.count),
                part.rounds.eq(file.test_rounds.count),
            ]
        with m.If(self._writer.done):
            m.d.sync += running.eq(0)
        with m.If(start):
            m.d.sync += running.eq(1)
        with m.If(stop | self.restart):  # none of it enters behind the reset of the accelerator
            m.d.sync += running.eq(0)
        return running, start

    def _connect(self, m: Module, running: Signal) -> None:
        """The streams of the accelerator: those of the host, or of a run."""
        inner, reader, unpacker = self._accelerator, self._reader, self._unpacker
        m.d.comb += [
            inner.i.valid.eq(Mux(running, reader.o.valid, self.i.valid)),
            inner.i.payload.as_value().eq(
                Mux(running, reader.o.payload, self.i.payload.as_value())
            ),
            self.i.ready.eq(inner.i.ready & ~running),
            reader.o.ready.eq(inner.i.ready & running),
            self.o.valid.eq(inner.o.valid & ~running),
            self.o.payload.eq(inner.o.payload),
            unpacker.i.valid.eq(inner.o.valid & running),
            unpacker.i.payload.eq(inner.o.payload),
            inner.o.ready.eq(Mux(running, unpacker.i.ready, self.o.ready)),
        ]
        connect(m, unpacker.o, self._writer.i)
        members = self.signature.members
        if "width" in members:
            m.d.comb += inner.width.eq(Mux(running, 0, self.width))
        if "load" in members:
            connect(m, flipped(self.load), inner.load)
            m.d.comb += [self.loaded.eq(inner.loaded), self.refused.eq(inner.refused)]

    def _measure(self, m: Module, running: Signal, start: Signal) -> None:
        """What is told of a run."""
        file, inner, starves = self._file, self._accelerator, Signal()
        m.submodules.clock = clock = RunClock(self.ports.output.beats)
        m.d.comb += [
            clock.start.eq(start),
            clock.enters.eq(running & inner.i.valid & inner.i.ready),
            clock.leaves.eq(running & inner.o.valid & inner.o.ready),
            starves.eq(self._reader.more & inner.i.ready & ~inner.i.valid),
            clock.stalls_now.eq(running & (starves | (inner.o.valid & ~inner.o.ready))),
            file.test_cycles.eq(clock.cycles),
            file.test_first.eq(clock.first),
            file.test_stalls.eq(clock.stalls),
            file.test_sum.eq(self._writer.sum),
        ]

    def _load(self, m: Module, running: Signal) -> Signal:
        """A set from its bytes, into rows; its bursts."""
        file, port, load, rows = self._file, self._port, self.test.load, self._turns.rows
        m.submodules.port = ResetInserter(self.restart)(port)
        m.submodules.loaded_set = loaded_set = LoadedImage()
        refused, bursts = Signal.like(file.test_status.refused), Signal.like(self._reader.bursts)
        m.d.sync += refused.eq(refused + port.refused)
        with m.If(rows.ready):
            m.d.sync += rows.valid.eq(0)
        with m.If(port.write):
            m.d.sync += [
                rows.valid.eq(1),
                rows.payload.row.eq(port.row),
                rows.payload.burst.eq(port.place),
                bursts.eq(port.place + 1),
            ]
        m.d.comb += [
            port.fingerprint.eq(int.from_bytes(FINGERPRINT, "little")),
            port.idle.eq(~running),
            port.i.valid.eq(load.valid & ~rows.valid),
            port.i.payload.eq(load.payload),
            load.ready.eq(port.i.ready & ~rows.valid),
            loaded_set.takes.eq(load.valid & load.ready),
            loaded_set.byte.eq(load.payload),
            loaded_set.loaded.eq(port.loaded),
            file.test_set.eq(loaded_set.crc),
            file.test_status.loaded.eq(port.loaded),
            file.test_status.refused.eq(refused),
            self._reader.bursts.eq(bursts),
        ]
        return bursts

    def _request(self, m: Module, bursts: Signal) -> None:
        """What is read and written; results are behind the set."""
        file, reader, writer, turns = self._file, self._reader, self._writer, self._turns
        controller, asked = self._controller, self.test.registers
        m.submodules.turns = turns
        connect(m, turns.o, controller.i)
        connect(m, reader.requests, turns.images)
        with m.If(turns.host.ready):
            m.d.sync += turns.host.valid.eq(0)
        with m.If(asked.write & (asked.address == BENCHMARK["TEST_BURST"].word)):
            m.d.sync += turns.host.valid.eq(1)
        m.d.comb += [
            turns.host.payload.eq(file.test_burst.number + bursts),
            turns.results.valid.eq(writer.requests.valid),
            turns.results.payload.burst.eq(writer.requests.payload + bursts),
            turns.results.payload.row.eq(writer.row),
            writer.requests.ready.eq(turns.results.ready),
            turns.word.eq(controller.o),
            turns.word_valid.eq(controller.o_valid),
            reader.word.eq(controller.o),
            reader.word_valid.eq(turns.image_word_valid),
        ]
        for each in range(RESULT_WORDS):
            word = turns.told.word_select(each, WORD_BITS)
            m.d.comb += getattr(file, f"test_word{each}").eq(word)
