"""Channel padding: channels of a constant code around those of a stream."""

from amaranth.hdl import Const, Module, Mux, Shape, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.layers import codes_of
from threefold.plan.units.pad_channels import PadChannelsUnit

from .component import component
from .stream import lane_stream

__all__ = ["PadChannels"]


class PadChannels(wiring.Component):
    """Padding of each pixel with beats of one code before and after, without latency.

    A pixel starts when its first beat is there: without input there is no output but the end
    of a pixel.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    beats : int
        Beats of a pixel in the input, at least 1.
    before, after : int
        Beats added.
    code : int
        What every lane of them holds.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))
        ``before + beats + after`` beats a pixel.

    Raises
    ------
    PlanError
        If a number of beats is out of range, or the code does not fit into a lane.
    """

    def __init__(
        self, shape: ShapeLike, *, lanes: int, beats: int, before: int, after: int, code: int
    ):
        if beats < 1:
            raise PlanError(f"channels are padded around at least 1 beat a pixel, not {beats}")
        if min(before, after) < 0:
            raise PlanError(
                f"the beats added to a pixel cannot be negative: {before} before, {after} after"
            )
        lane = Shape.cast(shape)
        if Const(code, lane).value != code:
            raise PlanError(f"a lane of {lane.width} bits does not hold the code {code}")
        self._shape = shape
        self._lanes = lanes
        self._beats = beats
        self._before = before
        self._after = after
        self._code = code
        super().__init__({"i": In(lane_stream(shape, lanes)), "o": Out(lane_stream(shape, lanes))})

    @property
    def shape(self) -> ShapeLike:
        return self._shape

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def beats(self) -> int:
        return self._beats

    @property
    def before(self) -> int:
        return self._before

    @property
    def after(self) -> int:
        return self._after

    @property
    def code(self) -> int:
        return self._code

    def elaborate(self, platform):
        m = Module()

        last = self._before + self._beats
        total = last + self._after
        beat = Signal(range(total))
        inside, ended = Signal(), Signal()

        m.d.comb += [
            ended.eq(beat >= last),
            inside.eq((beat >= self._before) & ~ended),
            self.o.valid.eq(self.i.valid | ended),
            self.i.ready.eq(inside & self.o.ready),
        ]
        for o, i in zip(self.o.payload, self.i.payload, strict=True):
            m.d.comb += o.eq(Mux(inside, i, self._code))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += beat.eq(Mux(beat == total - 1, 0, beat + 1))

        return m


@component.register
def _(unit: PadChannelsUnit) -> PadChannels:
    before, beats, after = unit.beats
    return PadChannels(
        unit.outputs[0].bits,
        lanes=unit.lanes,
        before=before,
        beats=beats,
        after=after,
        code=codes_of(unit.out_tensor).zero_code,
    )
