"""One layer in hardware: buffer, sequencer, PE array, and what turns totals into outputs."""

from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan.engine import EnginePlan
from .activation_buffer import ActivationBuffer
from .logits import LogitAdder
from .pe import PE
from .requantizer import Requantizer
from .resizer import Serializer
from .sequencer import Sequencer
from .stream import lane_stream

__all__ = ["Engine", "PEArray"]


class PEArray(wiring.Component):
    """Sequencer and processing elements: a rigid pipeline from an issued tile to its row group.

    It has no stall input; whoever holds it wraps it with ``EnableInserter``, so that waiting
    costs no logic at all, only the clock enables that registers have anyway.

    Parameters
    ----------
    plan : EnginePlan

    Members
    -------
    start : In(1)
        A vector is available.
    issue, column, finish : Out
        As in :class:`Sequencer`.
    activations : In
        The word issued in the cycle before, shared by all processing elements.
    o : Out(lane_stream(total_bits, PE))
        Totals of a row group. ``ready`` is not looked at: the wrapper stops the pipeline.
    """

    def __init__(self, plan: EnginePlan):
        self._plan = plan
        self._sequencer = Sequencer(plan.schedule)
        layer, folding = plan.layer, plan.folding
        self._pes = [
            PE(bits=layer.codes.bits, simd=folding.simd, sum_bits=layer.total_bits)
            for _ in range(folding.pe)
        ]
        super().__init__(
            {
                "start": In(1),
                "issue": Out(1),
                "column": Out(self._sequencer.column.shape()),
                "finish": Out(1),
                "activations": In(self._pes[0].activations.shape()),
                "o": Out(lane_stream(layer.total_bits, folding.pe)),
            }
        )

    @property
    def plan(self) -> EnginePlan:
        return self._plan

    def elaborate(self, platform):
        m = Module()

        m.submodules.sequencer = sequencer = self._sequencer
        m.d.comb += [
            sequencer.start.eq(self.start),
            self.issue.eq(sequencer.issue),
            self.column.eq(sequencer.column),
            self.finish.eq(sequencer.finish),
        ]

        # Beside each tile on its way through the adders: whether there is one, and whether it
        # is the last of its row group. What follows a last tile is the first of its group.
        travel = self._pes[0].latency - 1
        valid, last, first = Signal(travel), Signal(travel), Signal(init=1)
        m.d.sync += [
            valid.eq(Cat(sequencer.valid, valid)),
            last.eq(Cat(sequencer.last, last)),
            self.o.valid.eq(valid[-1] & last[-1]),
        ]
        with m.If(valid[-1]):
            m.d.sync += first.eq(last[-1])

        for index, pe in enumerate(self._pes):
            m.submodules[f"pe_{index}"] = pe
            m.d.comb += [
                pe.activations.eq(self.activations),
                pe.weights.eq(sequencer.weights[index]),
                pe.enable.eq(valid[-1]),
                pe.first.eq(first),
                self.o.payload[index].eq(pe.total),
            ]

        return m


class Engine(wiring.Component):
    """Computes one layer of vectors that arrive as a stream.

    Parameters
    ----------
    plan : EnginePlan
        Layer, folding, lanes of the output, banks of the buffer.

    Members
    -------
    i : In(lane_stream(code bits, SIMD))
        Input vectors, word by word.
    o : Out(lane_stream)
        Codes or signed logits, ``plan.lanes`` at once, in the order of the layer's rows.
    """

    def __init__(self, plan: EnginePlan):
        self._plan = plan
        self._finish = _finish(plan)
        super().__init__(
            {
                "i": In(lane_stream(plan.layer.codes.bits, plan.folding.simd)),
                "o": self._finish.signature.members["o"],
            }
        )

    @property
    def plan(self) -> EnginePlan:
        return self._plan

    def elaborate(self, platform):
        m = Module()

        layer, folding, schedule = self._plan.layer, self._plan.folding, self._plan.schedule
        array = PEArray(self._plan)
        advance = Signal()
        m.submodules.buffer = buffer = ActivationBuffer(
            bits=layer.codes.bits,
            lanes=folding.simd,
            words=schedule.words,
            banks=self._plan.banks,
        )
        m.submodules.array = EnableInserter(advance)(array)
        m.submodules.drain = drain = Serializer(
            layer.total_bits, i_lanes=folding.pe, o_lanes=self._plan.lanes
        )
        m.submodules.output = finish = self._finish

        connect(m, flipped(self.i), buffer.i)
        m.d.comb += [
            advance.eq(~array.o.valid | drain.i.ready),
            array.start.eq(buffer.available),
            buffer.column.eq(array.column),
            buffer.read.eq(array.issue & advance),
            buffer.release.eq(array.issue & array.finish & advance),
            array.activations.eq(buffer.data),
        ]
        connect(m, array.o, drain.i)
        connect(m, drain.o, finish.i)
        connect(m, finish.o, flipped(self.o))

        return m


def _finish(plan: EnginePlan) -> Requantizer | LogitAdder:
    layer = plan.layer
    if layer.levels is not None:
        return Requantizer(layer.levels, total_bits=layer.total_bits, lanes=plan.lanes)
    return LogitAdder(
        layer.offsets,
        step=layer.codes.step,
        total_bits=layer.total_bits,
        logit_bits=layer.logit_bits,
        lanes=plan.lanes,
    )
