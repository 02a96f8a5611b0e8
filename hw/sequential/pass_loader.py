"""Pass loader: what a pass works by, copied from the program when it begins."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Program
from threefold.plan.sequential.row_packing import Packing

from .table import row_layout

__all__ = ["PassLoader", "threshold_write", "tile_write"]


def tile_write(program: Program) -> data.StructLayout:
    """Write of a tile: whether there is one, its place and its stored fields."""
    rows = program.limits["tiles"]
    return data.StructLayout(
        {
            "enable": 1,
            "place": range(rows),
            "tile": data.StructLayout(program.tile_fields),
        }
    )


def threshold_write(program: Program) -> data.StructLayout:
    """Write of thresholds: whether there are some, their row, node of a search and values.

    They are those of ``threshold_lanes`` lanes, in order, from ``lane`` times as many on.
    """
    contents, count = program.contents, program.threshold_lanes
    return data.StructLayout(
        {
            "enable": 1,
            "lane": range(contents.array.lanes // count),
            "row": range(program.limits["thresholds"]),
            "node": contents.code_bits,
            "values": data.ArrayLayout(contents.accumulator_bits, count),
        }
    )


class _Kind(enum.Enum, shape=2):
    """Contents of a row."""

    NONE = 0
    DESCRIPTOR = 1
    TILES = 2
    THRESHOLDS = 3


class _State(enum.Enum, shape=3):
    IDLE = 0
    DESCRIPTOR = 1
    WAIT = 2
    TILES = 3
    THRESHOLDS = 4
    LAST = 5


class PassLoader(wiring.Component):
    """Walk over the rows of a program in front of a pass's weights.

    Parameters
    ----------
    program : Program
    late : bool
        Whether rows come three cycles behind their addresses, not two.

    Members
    -------
    begin : In(1)
        The next pass begins; the first one behind the last.
    there : In(1)
        Its rows are there; it waits for that.
    first : In(range(rows))
        The first of them.
    taken : Out(1)
        They are read from the next cycle on.
    address : Out(range(rows))
        Row to read; behind the last one that is copied the first of the weights.
    reads : Out(1)
        ``address`` is that of a row to copy.
    row : In(row bits)
        The row whose address was there two cycles before, or three.
    known : Out(1)
        The descriptor is there, and the rest is copied.
    ready : In(1)
        The pass may begin once all is copied.
    again : In(1)
        Its weights are those of the pass before; there is this if images of a batch share rows.
    tile : Out, threshold : Out
        What to write, of :func:`tile_write` and :func:`threshold_write`.
    start : Out(1)
        All is copied; the pass begins in the next cycle.
    head : Out
        What the rows say of themselves, and the descriptor as it is stored, until the next begins.
    descriptor : Out
        Descriptor of the pass.
    """

    def __init__(self, program: Program, *, late: bool = False):
        self._program = program
        shared = {"again": In(1)} if program.shares else {}
        self._late = late
        super().__init__(
            {
                "begin": In(1),
                "there": In(1, init=1),
                "first": In(range(program.limits["program"])),
                "taken": Out(1),
                "address": Out(range(program.limits["program"])),
                "reads": Out(1),
                "row": In(program.row_bits),
                "known": Out(1),
                "ready": In(1, init=1),
                "tile": Out(tile_write(program)),
                "threshold": Out(threshold_write(program)),
                "start": Out(1),
                "head": Out(data.StructLayout(program.descriptor_fields)),
                "descriptor": Out(row_layout(program.contents.descriptors)),
            }
            | shared
        )

    @property
    def program(self) -> Program:
        return self._program

    def elaborate(self, platform):
        m = Module()

        program = self._program
        head = self.head
        share = max(program.tile.share, program.threshold.share)
        kind, index = Signal(_Kind), Signal(range(share))
        moving, there, index_there = [], kind, index
        for n in range(2 + self._late):
            before = there, index_there
            there, index_there = Signal(_Kind, name=f"kind_{n}"), Signal.like(index, name=f"at_{n}")
            m.d.sync += [there.eq(before[0]), index_there.eq(before[1])]
            moving.append(there)
        weights = self._add_walk(m, head, kind, index, moving=Cat(moving).any())
        self._keep_descriptor(m, head, there)
        item = self._item(m, program.tile, there == _Kind.TILES, index_there, "tile")
        self._write_tiles(m, *item)
        item = self._item(m, program.threshold, there == _Kind.THRESHOLDS, index_there, "threshold")
        self._write_thresholds(m, *item)

        known = {
            "weights": weights,
            **{name: head[name] for name in program.descriptor_fields},
        }
        for name in self.descriptor.shape().members:
            if name in known:
                m.d.comb += self.descriptor[name].eq(known[name])

        return m

    def _add_walk(self, m: Module, head, kind, index, *, moving) -> Signal:
        """Which row is read, and which item of it; the first row of weights."""
        program, state = self._program, Signal(_State)
        parts = program.descriptor.parts
        left = Signal(max(program.limits["tile_rows"], program.limits["threshold_rows"], 1))
        place, waiting = Signal(range(max(2, parts))), Signal()
        m.d.comb += [
            self.reads.eq(kind != _Kind.NONE),
            self.taken.eq((self.begin | waiting) & self.there),
        ]
        m.d.sync += waiting.eq((self.begin | waiting) & ~self.there)
        m.d.sync += self.start.eq((state == _State.LAST) & self.ready)
        with m.Switch(state):
            with m.Case(_State.IDLE), m.If(self.taken):
                m.d.sync += [self.address.eq(self.first), state.eq(_State.DESCRIPTOR)]
            with m.Case(_State.DESCRIPTOR):
                m.d.comb += kind.eq(_Kind.DESCRIPTOR)
                m.d.sync += [self.address.eq(self.address + 1), place.eq(place + 1)]
                with m.If(place == parts - 1):
                    m.d.sync += [place.eq(0), state.eq(_State.WAIT)]
            with m.Case(_State.WAIT), m.If(~moving):
                m.d.comb += self.known.eq(1)
                m.d.sync += [left.eq(head["tile_rows"]), state.eq(_State.TILES)]
            with m.Case(_State.TILES):
                with m.If(left == 0):
                    m.d.sync += [left.eq(head["threshold_rows"]), state.eq(_State.THRESHOLDS)]
                with m.Else():
                    m.d.comb += kind.eq(_Kind.TILES)
                    self._go(m, index, left, program.tile.share)
            with m.Case(_State.THRESHOLDS):
                with m.If(left == 0):
                    m.d.sync += state.eq(_State.LAST)
                with m.Else():
                    m.d.comb += kind.eq(_Kind.THRESHOLDS)
                    self._go(m, index, left, program.threshold.share)
            with m.Case(_State.LAST), m.If(self.ready):
                m.d.sync += state.eq(_State.IDLE)
        if not program.shares:
            return self.address
        weights = Signal.like(self.address)
        with m.If((state == _State.LAST) & self.ready & ~self.again):
            m.d.sync += weights.eq(self.address)
        return weights

    def _go(self, m: Module, index, left, share: int) -> None:
        """Go to the next item."""
        m.d.sync += index.eq(index + 1)
        with m.If(index == share - 1):
            m.d.sync += [index.eq(0), left.eq(left - 1), self.address.eq(self.address + 1)]

    def _keep_descriptor(self, m: Module, head, there) -> None:
        bits, parts = self._program.row_bits, self._program.descriptor.parts
        place = Signal(range(max(2, parts)))
        with m.If(there == _Kind.DESCRIPTOR):
            m.d.sync += place.eq(Mux(place == parts - 1, 0, place + 1))
            with m.Switch(place):
                for n in range(parts):
                    with m.Case(n):
                        m.d.sync += head.as_value()[n * bits : (n + 1) * bits].eq(self.row)

    def _item(self, m: Module, packing: Packing, there, index, name: str) -> tuple:
        """Whether an item is there, and the item."""
        if packing.parts == 1:
            return there, self.row.word_select(index, packing.bits)
        place = Signal(range(packing.parts), name=f"{name}_part")
        held = Signal((packing.parts - 1) * packing.row_bits, name=f"{name}_held", reset_less=True)
        last = place == packing.parts - 1
        with m.If(there):
            m.d.sync += [
                place.eq(Mux(last, 0, place + 1)),
                held.eq(Cat(held, self.row)[packing.row_bits :]),
            ]
        return there & last, Cat(held, self.row)[: packing.bits]

    def _write_tiles(self, m: Module, there, item) -> None:
        # The last row may hold more items than there are tiles, beyond the end of the memory.
        place = Signal(range(self._program.limits["tiles"] + 1))
        with m.If(there & ~place[-1]):
            m.d.sync += place.eq(place + 1)
        with m.If(self.begin):
            m.d.sync += place.eq(0)
        m.d.comb += [
            self.tile.enable.eq(there & ~place[-1]),
            self.tile.place.eq(place),
            self.tile.tile.as_value().eq(item),
        ]

    def _write_thresholds(self, m: Module, there, item) -> None:
        write, program = self.threshold, self._program
        lanes = program.contents.array.lanes // program.threshold_lanes
        place = Signal(range(program.limits["thresholds"] + 1))
        node, lane = Signal.like(write.node, init=1), Signal.like(write.lane)
        with m.If(there):
            m.d.sync += node.eq(Mux(node.all(), 1, node + 1))
        with m.If(there & node.all()):
            m.d.sync += lane.eq(Mux(lane == lanes - 1, 0, lane + 1))
            with m.If((lane == lanes - 1) & ~place[-1]):
                m.d.sync += place.eq(place + 1)
        with m.If(self.begin):
            m.d.sync += [place.eq(0), node.eq(1), lane.eq(0)]
        m.d.comb += [
            write.enable.eq(there & ~place[-1]),
            write.lane.eq(lane),
            write.row.eq(place),
            write.node.eq(node),
            write.values.as_value().eq(item),
        ]
