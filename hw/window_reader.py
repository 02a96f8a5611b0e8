"""Window reader: the windows of a stream of maps, word by word."""

from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.plan.latency import READER_LATENCY
from threefold.plan.program import Program, Programs
from threefold.plan.window import Walk

from .activation_buffer import ActivationBuffer
from .register import registered
from .sequencer import Sequencer
from .stream import lane_stream
from .width_sequencer import WidthSequencer
from .window_walker import WindowWalker

__all__ = ["WindowReader"]


class WindowReader(wiring.Component):
    """Activation buffer, sequencer and the way of the windows over the map.

    From the tile issued to its words at the output there are three cycles, or four if the words of
    several pixels come from banks: a rigid pipeline that moves while ``advance`` is set.

    Parameters
    ----------
    bits : int
        Width of a code.
    lanes : int
        Codes in a word.
    depth : int
        Words in the activation buffer, all banks together.
    memory : str
        Memory of the activation buffer; see :class:`~threefold.hw.ram.Ram`.
    walk : Walk
    program : Program or Programs
        Words of a window, or those at each width of a network.
    pad_code : int
        What padding reads as.

    Members
    -------
    i : In(lane_stream(bits, lanes))
        Maps, word by word.
    advance : In(1)
        The pipeline moves in this cycle.
    fetch : Out(1)
        In three cycles there is a word, counted in those in which the pipeline moves: time to
        read what goes with it.
    valid : Out(1)
        ``data`` is a word of each window.
    last : Out(1)
        The word is the last of its result.
    data : Out(ArrayLayout(bits, lanes × pixels))
        The word of the first pixel in the lowest bits.
    now, following : In(range(widths))
        Width of the image that is read and of the next; these members and those that follow only
        if there are several widths.
    image_end : Out(1)
        The last tile of an image is issued, and the pipeline moves.
    tile : Out
        With ``fetch``: place of the tile among those of all widths.
    width : Out(range(widths))
        With ``valid``: width of the image.
    """

    def __init__(
        self,
        *,
        bits: int,
        lanes: int,
        depth: int,
        memory: str = "auto",
        walk: Walk,
        program: Program | Programs,
        pad_code: int,
    ):
        self._buffer = ActivationBuffer(
            bits=bits, lanes=lanes, depth=depth, memory=memory, walk=walk
        )
        self._program = program
        self._pad_code = pad_code
        super().__init__(
            {
                "i": In(lane_stream(bits, lanes)),
                "advance": In(1),
                "fetch": Out(1),
                "valid": Out(1),
                "last": Out(1),
                "data": Out(data.ArrayLayout(bits, lanes * walk.pixels)),
            }
            | _width_members(program)
        )

    @property
    def program(self) -> Program | Programs:
        return self._program

    @property
    def pad_code(self) -> int:
        return self._pad_code

    def elaborate(self, platform):
        m = Module()

        m.submodules.buffer = buffer = self._buffer
        walker = WindowWalker(buffer.walk, self._program, buffer.depth)
        sequencer = self._add_sequencer(m, walker)
        m.submodules.walker = EnableInserter(self.advance)(walker)

        connect(m, flipped(self.i), buffer.i)
        m.d.comb += [
            sequencer.start.eq(buffer.start),
            walker.issue.eq(sequencer.issue),
            walker.row.eq(sequencer.row),
            walker.column.eq(sequencer.column),
            walker.finish.eq(sequencer.finish),
            buffer.take.eq(sequencer.issue & sequencer.finish & self.advance),
            buffer.needs_less_one.eq(walker.needs_less_one),
            buffer.release.eq(walker.release & self.advance),
            buffer.frees_less_one.eq(walker.frees_less_one),
            buffer.address.eq(walker.address),
            buffer.read.eq(walker.read & self.advance),
            buffer.waits.eq(walker.read),
        ]

        turns = buffer.walk.pixels > 1
        travel = READER_LATENCY + turns
        valid, last = Signal(travel), Signal(travel)
        m.d.comb += [
            self.fetch.eq(valid[0] if turns else sequencer.issue),
            self.valid.eq(valid[-1]),
            self.last.eq(last[-1]),
        ]
        if isinstance(self._program, Programs):
            self._add_width(m, sequencer, travel, turns)
        words, padding = buffer.data.as_value(), walker.padding
        if turns:
            words, padding = self._turned(m, words, walker.first, padding)
        with m.If(self.advance):
            m.d.sync += [
                valid.eq(Cat(sequencer.issue, valid)),
                last.eq(Cat(sequencer.last, last)),
            ]
        self._add_data(m, words, padding)

        return m

    def _add_sequencer(self, m: Module, walker: WindowWalker) -> Sequencer | WidthSequencer:
        """What goes through the tiles of a window."""
        if not isinstance(self._program, Programs):
            sequencer = Sequencer(self._program)
            m.submodules.sequencer = EnableInserter(self.advance)(sequencer)
            return sequencer
        m.submodules.sequencer = sequencer = WidthSequencer(self._program)
        m.d.comb += [
            sequencer.advance.eq(self.advance),
            sequencer.image_end.eq(walker.image_end),
            sequencer.now.eq(self.now),
            sequencer.following.eq(self.following),
            self.image_end.eq(sequencer.issue & sequencer.finish & walker.image_end & self.advance),
        ]
        return sequencer

    def _add_width(self, m: Module, sequencer: WidthSequencer, travel: int, turns: bool) -> None:
        """The tile and its width, as far behind the sequencer as what goes with them."""
        tile, width = sequencer.tile, self.now
        with m.If(self.advance):
            if turns:
                tile = registered(m, "tile_0", tile)
            for cycle in range(travel):
                width = registered(m, f"width_{cycle}", width)
        m.d.comb += [self.tile.eq(tile), self.width.eq(width)]

    def _add_data(self, m: Module, words: Value, padding: Value) -> None:
        """Registers of what is read, which padding sets to its code."""
        buffer = self._buffer
        held = Signal(len(words), name="held", reset_less=True)
        with m.If(self.advance):
            m.d.sync += held.eq(words)
        if any(buffer.walk.window.padding):
            pad = Const(self._pad_code, buffer.bits).replicate(buffer.lanes)
            for pixel, outside in enumerate(padding):
                # Not a choice of words: an enable and a reset of their own, which take no LUTs.
                with m.If(self.advance & outside):
                    m.d.sync += held.word_select(pixel, len(pad)).eq(pad)
        m.d.comb += self.data.as_value().eq(held)

    def _turned(self, m: Module, words, first, padding) -> tuple[Signal, Signal]:
        """Words by pixel instead of by bank, and their padding, a cycle later."""
        width = self._buffer.bits * self._buffer.lanes
        turned, beside = Signal.like(words, name="turned"), Signal.like(padding, name="beside")
        bank, *others = sorted(set(self._buffer.banks.firsts.tolist()))
        word = words.rotate_right(bank * width)
        for bank in others:
            word = Mux(first == bank, words.rotate_right(bank * width), word)
        with m.If(self.advance):
            m.d.sync += [beside.eq(padding), turned.eq(word)]
        return turned, beside


def _width_members(program: Program | Programs) -> dict:
    """Members of a reader that there are only where a network has several widths."""
    if not isinstance(program, Programs):
        return {}
    widths = range(len(program.widths))
    return {
        "now": In(widths),
        "following": In(widths),
        "image_end": Out(1),
        "tile": Out(range(len(program))),
        "width": Out(widths),
    }
