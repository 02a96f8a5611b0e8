"""Engine: a layer with weights, from window reader and PE array to requantizer or logit adder."""

from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.plan.units.engine import EngineUnit

from .component import component
from .crop import Crop
from .logits import LogitAdder
from .pe import PE
from .register import registered
from .reorder import Reorder
from .requantizer import Requantizer
from .resizer import Serializer
from .stream import lane_stream
from .unfolder import Unfolder
from .weight_memory import WeightMemory
from .window_reader import WindowReader

__all__ = ["Engine", "PEArray"]


class PEArray(wiring.Component):
    """Weight memory and processing elements: a rigid pipeline from words to accumulator values.

    It has no stall input; whoever holds it wraps it with ``EnableInserter``, so that waiting
    costs only the clock enables that registers have anyway.

    Parameters
    ----------
    plan : EngineUnit

    Members
    -------
    fetch : In(1)
        In three cycles there is a word.
    valid, last : In(1)
        There is a word, the last of its row group.
    activations : In
        The word of each pixel, shared by its processing elements, or a share of it for each group.
    o : Out(lane_stream(accumulator_bits, pixels × PE))
        Accumulator values of a row group, pixel by pixel. ``ready`` is not looked at: the wrapper
        stops the pipeline.
    tile : In
        With ``fetch``: place of the tile among those of all widths. This member and those that
        follow only if there are several widths.
    width : In(range(widths))
        With ``valid``: width of the image.
    o_width : Out(range(widths))
        Width of the image of the accumulator values.
    """

    def __init__(self, plan: EngineUnit):
        self._plan = plan
        layer, doubles = plan.finished, bool(plan.doubles.any())
        options = {"sum_bits": layer.accumulator_bits, "doubles": doubles}
        self._pes = [
            PE(bits=layer.codes.bits, simd=plan.simd, **options)
            for _ in range(plan.pixels * plan.pe)
        ]
        super().__init__(
            {
                "fetch": In(1),
                "valid": In(1),
                "last": In(1),
                "activations": In(
                    data.ArrayLayout(layer.codes.bits, plan.pixels * plan.word_lanes)
                ),
                "o": Out(lane_stream(layer.accumulator_bits, plan.pixels * plan.pe)),
            }
            | _array_members(plan)
        )

    @property
    def plan(self) -> EngineUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()

        plan, several = self._plan, bool(self._plan.narrower)
        m.submodules.weights = weights = WeightMemory(plan.weights, plan.doubles, addressed=several)
        m.d.comb += weights.fetch.eq(self.fetch)

        # Beside each tile on its way through the adders: whether there is one, and whether it
        # is the last of its row group. What follows a last tile is the first of its group.
        travel = self._pes[0].latency - 1
        valid, last, first = Signal(travel), Signal(travel), Signal(init=1)
        m.d.sync += [
            valid.eq(Cat(self.valid, valid)),
            last.eq(Cat(self.last, last)),
            self.o.valid.eq(valid[-1] & last[-1]),
        ]
        if several:
            m.d.comb += weights.tile.eq(self.tile)
            width = self.width
            for cycle in range(travel):
                width = registered(m, f"width_{cycle}", width)
            m.d.sync += self.o_width.eq(width)
        with m.If(valid[-1]):
            m.d.sync += first.eq(last[-1])
        if self._pes[0].doubles:
            double = Signal(travel)
            m.d.sync += double.eq(Cat(weights.double, double))
            m.d.comb += [pe.double.eq(double[-1]) for pe in self._pes]

        simd, spans = self._plan.simd, self._plan.folding.spans(self._plan.layer)
        for index, pe in enumerate(self._pes):
            m.submodules[f"pe_{index}"] = pe
            pixel, row = divmod(index, self._plan.pe)
            share = pixel * self._plan.word_lanes + row * spans // self._plan.pe * simd
            m.d.comb += [
                Cat(pe.activations).eq(
                    Cat(self.activations[lane] for lane in range(share, share + simd))
                ),
                pe.weights.eq(weights.row[row]),
                pe.enable.eq(valid[-1]),
                pe.first.eq(first),
                self.o.payload[index].eq(pe.total),
            ]

        return m


class Engine(wiring.Component):
    """Engine of one layer, over maps that arrive as a stream.

    Parameters
    ----------
    plan : EngineUnit

    Members
    -------
    i : In(lane_stream(code bits, word lanes))
        Maps, word by word, or pixel by pixel where they are unfolded.
    o : Out(lane_stream)
        Codes or signed logits, ``plan.lanes`` at once: pixel by pixel, filter by filter.
    now, following : In(range(widths))
        Width of the image that is worked on and of the next, if there are several widths.
    image_end : Out(1)
        The last tile of an image is issued, if there are several widths.
    """

    def __init__(self, plan: EngineUnit):
        self._plan = plan
        self._finish = _finish(plan)
        super().__init__(
            {
                "i": In(lane_stream(plan.layer.codes.bits, plan.i_lanes)),
                "o": self._finish.signature.members["o"],
            }
            | _width_members(plan)
        )

    @property
    def plan(self) -> EngineUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()

        plan, layer = self._plan, self._plan.finished
        array = PEArray(plan)
        advance = Signal()
        m.submodules.reader = reader = WindowReader(
            bits=layer.codes.bits,
            lanes=plan.word_lanes,
            depth=plan.depth,
            memory=plan.memory,
            walk=plan.walk,
            program=plan.programs if plan.narrower else plan.program,
            pad_code=layer.pad_code,
        )
        m.submodules.array = EnableInserter(advance)(array)
        m.submodules.drain = drain = Serializer(
            layer.accumulator_bits,
            i_lanes=plan.pixels * plan.pe,
            o_lanes=plan.lanes,
            decoupled=plan.decoupled,
        )
        m.submodules.output = finish = self._finish

        self._unfold(m, reader.i)
        m.d.comb += [
            advance.eq(~array.o.valid | drain.i.ready),
            reader.advance.eq(advance),
            array.fetch.eq(reader.fetch),
            array.valid.eq(reader.valid),
            array.last.eq(reader.last),
            array.activations.eq(reader.data),
        ]
        connect(m, array.o, drain.i)
        connect(m, drain.o, finish.i)
        if plan.narrower:
            self._follow_width(m, reader, array, drain)
        output = finish.o
        bits = finish.o.payload.shape().elem_shape
        if plan.reorders:
            groups = layer.rows // plan.pe, plan.pixels, plan.pe // plan.lanes
            m.submodules.order = order = Reorder(bits, lanes=plan.lanes, groups=groups)
            connect(m, output, order.i)
            output = order.o
        kept, beats = plan.row_beats
        if kept < beats:
            m.submodules.crop = crop = Crop(bits, lanes=plan.lanes, kept=kept, beats=beats)
            connect(m, output, crop.i)
            output = crop.o
        connect(m, output, flipped(self.o))

        return m

    def _follow_width(self, m: Module, reader, array, drain) -> None:
        """Let the reader go by the width of its image, and what finishes values by theirs."""
        m.d.comb += [
            reader.now.eq(self.now),
            reader.following.eq(self.following),
            self.image_end.eq(reader.image_end),
            array.tile.eq(reader.tile),
            array.width.eq(reader.width),
        ]
        with m.If(array.o.valid & drain.i.ready):
            m.d.sync += m.submodules.output.width.eq(array.o_width)

    def _unfold(self, m: Module, words):
        """Give the reader its words: those that come, or of patches of pixels that come."""
        plan, layer = self._plan, self._plan.layer
        if plan.unfolding is None:
            connect(m, flipped(self.i), words)
            return
        m.submodules.unfolder = unfolder = Unfolder(
            bits=layer.codes.bits, unfolding=plan.unfolding, pad_code=layer.pad_code
        )
        connect(m, flipped(self.i), unfolder.i)
        patches = unfolder.o
        if plan.schedule.pitch > 1:
            m.submodules.divide = divide = Serializer(
                layer.codes.bits, i_lanes=plan.unfolding.codes, o_lanes=plan.word_lanes
            )
            connect(m, patches, divide.i)
            patches = divide.o
        connect(m, patches, words)


@component.register
def _(unit: EngineUnit) -> Engine:
    return Engine(unit)


def _finish(plan: EngineUnit) -> Requantizer | LogitAdder:
    layer = plan.finished
    if layer.thresholds is not None:
        return Requantizer(
            layer.thresholds,
            accumulator_bits=layer.accumulator_bits,
            lanes=plan.lanes,
            form=plan.form,
            even=layer.even if plan.form == "divider" else None,
            pixels=plan.pixels,
            pe=plan.pe,
            narrower=[each.thresholds for each in layer.widths],
        )
    return LogitAdder(
        layer.offsets,
        step=layer.codes.step,
        accumulator_bits=layer.accumulator_bits,
        logit_bits=plan.outputs[0].bits,
        lanes=plan.lanes,
        narrower=[each.offsets for each in layer.widths],
    )


def _width_members(plan: EngineUnit) -> dict:
    """Members of an engine that there are only where a network has several widths."""
    if not plan.narrower:
        return {}
    widths = range(1 + len(plan.narrower))
    return {"now": In(widths), "following": In(widths), "image_end": Out(1)}


def _array_members(plan: EngineUnit) -> dict:
    """Members of an array that there are only where a network has several widths."""
    if not plan.narrower:
        return {}
    widths = range(1 + len(plan.narrower))
    return {"tile": In(range(len(plan.programs))), "width": In(widths), "o_width": Out(widths)}
