"""Program memory: rows of a program, written from outside, and what is copied of them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.plan.sequential import Program

from ..pe import Weight
from ..ram import Ram
from ..register import registered
from .load_port import LoadPort
from .pass_loader import PassLoader, threshold_write, tile_write
from .table import row_layout

__all__ = ["ProgramMemory"]


class ProgramMemory(wiring.Component):
    """Memory of a program with its :class:`LoadPort` and its :class:`PassLoader`.

    Parameters
    ----------
    program : Program
    store : str
        Where it is: ``"block"`` or ``"spram"``; see :class:`~threefold.hw.ram.Ram`.

    Members
    -------
    load, fingerprint, idle, waiting, loaded, refused
        Those of :class:`LoadPort`, whose ``i`` is ``load``.
    begin, known, ready, tile, threshold, start, descriptor
        Those of :class:`PassLoader`.
    last : Out(1)
        It is the last pass.
    address : In(range(rows))
        Row of weights.
    weights : Out(ArrayLayout of Weight, PE × SIMD)
        Row of weights, three cycles after its address.
    """

    def __init__(self, program: Program, store: str):
        self._program = program
        self._store = store
        array = program.contents.array
        super().__init__(
            {
                "load": In(stream.Signature(8)),
                "fingerprint": In(32),
                "idle": In(1),
                "waiting": Out(1),
                "loaded": Out(1),
                "refused": Out(1),
                "begin": In(1),
                "known": Out(1),
                "ready": In(1, init=1),
                "tile": Out(tile_write(program)),
                "threshold": Out(threshold_write(program)),
                "start": Out(1),
                "descriptor": Out(row_layout(program.contents.descriptors)),
                "last": Out(1),
                "address": In(range(program.limits["program"])),
                "weights": Out(data.ArrayLayout(data.ArrayLayout(Weight, array.simd), array.pe)),
            }
        )

    @property
    def program(self) -> Program:
        return self._program

    @property
    def store(self) -> str:
        return self._store

    def elaborate(self, platform):
        m = Module()

        program = self._program
        m.submodules.port = port = LoadPort(program.row_bits, program.limits["program"])
        m.submodules.copy = copy = PassLoader(program)
        m.submodules.rows = rows = Ram(
            program.row_bits, program.limits["program"], self._store, holds=False
        )
        connect(m, flipped(self.load), port.i)
        address = registered(m, "address_read", self.address)
        row = Signal(program.row_bits, reset_less=True)
        m.d.sync += row.eq(rows.read.data)
        m.d.comb += [
            port.fingerprint.eq(self.fingerprint),
            port.idle.eq(self.idle),
            self.waiting.eq(port.waiting),
            self.loaded.eq(port.loaded),
            self.refused.eq(port.refused),
            rows.write.en.eq(port.write),
            rows.write.addr.eq(port.place),
            rows.write.data.eq(port.row),
            rows.read.en.eq(1),
            rows.read.addr.eq(Mux(copy.reads, copy.address, address)),
            copy.begin.eq(self.begin),
            copy.first.eq(copy.head.next),
            copy.ready.eq(self.ready),
            self.known.eq(copy.known),
            copy.row.eq(row),
            self.tile.eq(copy.tile),
            self.threshold.eq(copy.threshold),
            self.start.eq(copy.start),
            self.descriptor.eq(copy.descriptor),
            self.last.eq(copy.head.next == 0),
            self.weights.as_value().eq(row),
        ]

        return m
