"""Core with Wishbone: an accelerator whose images, results and registers are words in memory."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, connect

from threefold.errors import PlanError
from threefold.registers import REGISTERS

from ..resizer import Deserializer, Serializer
from ..stream import shape_of
from .controlled import ControlledAccelerator
from .loadable import is_loadable
from .width_word import WidthWord, widths_of
from .wishbone import Wishbone
from .word_unpacker import WordUnpacker

__all__ = ["INPUT_WORDS", "OUTPUT_ELEMENTS", "WishboneCore"]

INPUT_WORDS = 256
"""Words that wait for the accelerator: two block RAMs of iCE40, one of ECP5."""

OUTPUT_ELEMENTS = 256
"""Output elements that wait for the bus."""


class WishboneCore(wiring.Component):
    """Accelerator behind Wishbone, with a FIFO on either side.

    Codes are written to ``DATA_IN``, as :class:`WordUnpacker` takes them apart, and output elements
    are read from ``DATA_OUT``, one a word. Neither waits: a word that finds the FIFO full is lost,
    and ``ERRORS.full`` says so; ``ERRORS.empty`` says that an element was read which was not there.
    ``LEVELS`` tells how much can be written and read. If the accelerator has several widths, an
    image begins with a word that holds its width.

    Parameters
    ----------
    accelerator : wiring.Component
        With its attribute ``ports``, as for :class:`ControlledAccelerator`.
    constants : dict of str to int
        See :func:`~threefold.registers.identity.identity`.
    input_words : int
        Depth of the FIFO in front, 1 to 65,535.
    output_elements : int
        Depth of the FIFO behind, 1 to 65,535.

    Members
    -------
    wb_cyc, wb_stb, wb_we, wb_adr, wb_sel, wb_dat_w : In
    wb_dat_r, wb_ack : Out
        See :class:`WishboneSignature`; addresses are those of words.

    Raises
    ------
    PlanError
        If a depth is out of range, or input codes have more than 16 bits.
    """

    def __init__(
        self,
        accelerator: wiring.Component,
        constants: Mapping[str, int],
        *,
        input_words: int = INPUT_WORDS,
        output_elements: int = OUTPUT_ELEMENTS,
    ):
        for depth in (input_words, output_elements):
            if not 1 <= depth < 1 << 16:
                raise PlanError(f"a FIFO of a bus holds 1 to 65,535 words, not {depth:,}")
        ports = accelerator.ports
        i, o = ports.input, ports.output
        self._output = o.type
        registers = REGISTERS.on("wishbone", loadable=is_loadable(accelerator))
        self._core = ControlledAccelerator(
            accelerator, registers, constants, DATA_OUT=shape_of(o.type)
        )
        self._front = Wishbone(self._core.registers.address_bits)
        self._input_words = input_words
        self._output_elements = output_elements
        self._unpacker = WordUnpacker(i.type.bits, codes=i.tensor.size, lanes=i.type.lanes)
        self._deserializer = Deserializer(
            i.type.bits, i_lanes=self._unpacker.o_lanes, o_lanes=i.type.lanes
        )
        self._widths = widths_of(accelerator)
        self._serializer = Serializer(shape_of(o.type), i_lanes=o.type.lanes, o_lanes=1)
        bus = self._front.bus.signature.members
        super().__init__({f"wb_{name}": member for name, member in bus.items()})

    @property
    def input_words(self) -> int:
        """Depth of the FIFO in front."""
        return self._input_words

    @property
    def output_elements(self) -> int:
        """Depth of the FIFO behind."""
        return self._output_elements

    def elaborate(self, platform):
        m = Module()

        core, front = self._core, self._front
        anew = ResetInserter(core.forget)
        words = SyncFIFOBuffered(width=32, depth=self._input_words)
        elements = SyncFIFOBuffered(width=self._output.bits, depth=self._output_elements)
        unpacker, deserializer, serializer = self._unpacker, self._deserializer, self._serializer
        m.submodules.core = core
        m.submodules.wishbone = front
        m.submodules.words = anew(words)
        m.submodules.unpacker = anew(unpacker)
        m.submodules.deserializer = anew(deserializer)
        m.submodules.serializer = anew(serializer)
        m.submodules.elements = anew(elements)

        for name, member in self.signature.members.items():
            outer, inner = getattr(self, name), getattr(front.bus, name.removeprefix("wb_"))
            m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        connect(m, front.port, core.port)
        self._unpack(m, words, anew)
        connect(m, unpacker.o, deserializer.i)
        connect(m, deserializer.o, core.i)
        connect(m, core.o, serializer.i)

        free = Signal(range(self._input_words + 1))
        m.d.comb += [
            words.w_data.eq(core.data_in),
            words.w_en.eq(core.data_in_strobe),
            core.errors.full.eq(core.data_in_strobe & ~words.w_rdy),
            elements.w_data.eq(serializer.o.payload.as_value()),
            elements.w_en.eq(serializer.o.valid),
            serializer.o.ready.eq(elements.w_rdy),
            core.data_out.eq(Mux(elements.r_stream.valid, elements.r_stream.payload, 0)),
            elements.r_stream.ready.eq(core.data_out_strobe),
            core.errors.empty.eq(core.data_out_strobe & ~elements.r_stream.valid),
            free.eq(self._input_words - words.level),
            core.levels.free.eq(free),
            core.levels.waiting.eq(elements.level),
        ]

        return m

    def _unpack(self, m: Module, words: SyncFIFOBuffered, anew: ResetInserter):
        """Words of images, with the width of each ahead of them if there are several."""
        unpacker, deserializer = self._unpacker, self._deserializer
        if self._widths == 1:
            connect(m, words.r_stream, unpacker.i)
            return
        count = -(-unpacker.codes // unpacker.codes_per_word)
        word = WidthWord(count, bits=32, widths=self._widths)
        m.submodules.width_word = anew(word)
        connect(m, words.r_stream, word.i)
        connect(m, word.o, unpacker.i)
        m.d.comb += [
            word.hold.eq(unpacker.o.valid | deserializer.o.valid),
            self._core.width.eq(word.width),
        ]
