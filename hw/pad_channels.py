"""Channel padding: channels of a constant code around those of a stream."""

from collections.abc import Sequence

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
    pixels : int
        Pixels of an image.
    narrower : sequence of int
        Beats before, at further widths of a network; as many more or fewer come after.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))
        ``before + beats + after`` beats a pixel.
    now : In(range(1 + len(narrower)))
        Width of the image, if there are several.
    image_end : Out(1)
        The last beat of an image leaves, if there are several widths.

    Raises
    ------
    PlanError
        If a number of beats is out of range, or the code does not fit into a lane.
    """

    def __init__(
        self,
        shape: ShapeLike,
        *,
        lanes: int,
        beats: int,
        before: int,
        after: int,
        code: int,
        pixels: int = 1,
        narrower: Sequence[int] = (),
    ):
        if beats < 1:
            raise PlanError(f"channels are padded around at least 1 beat a pixel, not {beats}")
        if min(before, after, *narrower) < 0:
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
        self._pixels = pixels
        self._narrower = tuple(narrower)
        several = {"now": In(range(1 + len(self._narrower))), "image_end": Out(1)}
        super().__init__(
            {"i": In(lane_stream(shape, lanes)), "o": Out(lane_stream(shape, lanes))}
            | (several if narrower else {})
        )

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

    @property
    def pixels(self) -> int:
        return self._pixels

    @property
    def narrower(self) -> tuple[int, ...]:
        return self._narrower

    def elaborate(self, platform):
        m = Module()

        total = self._before + self._beats + self._after
        beat = Signal(range(total))
        inside, ended, leaves = Signal(), Signal(), Signal()
        begun = self._begun(beat, 0)

        m.d.comb += [
            ended.eq(self._begun(beat, self._beats)),
            inside.eq(begun & ~ended),
            leaves.eq(self.o.valid & self.o.ready),
            self.o.valid.eq(self.i.valid | ended),
            self.i.ready.eq(inside & self.o.ready),
        ]
        for o, i in zip(self.o.payload, self.i.payload, strict=True):
            m.d.comb += o.eq(Mux(inside, i, self._code))
        with m.If(leaves):
            m.d.sync += beat.eq(Mux(beat == total - 1, 0, beat + 1))
        if self._narrower:
            pixel, last = Signal(range(self._pixels)), Signal()
            m.d.comb += [
                last.eq(pixel == self._pixels - 1),
                self.image_end.eq(leaves & (beat == total - 1) & last),
            ]
            with m.If(leaves & (beat == total - 1)):
                m.d.sync += pixel.eq(Mux(last, 0, pixel + 1))

        return m

    def _begun(self, beat: Signal, beats: int):
        """Whether the beats before and ``beats`` more have left."""
        begun = beat >= self._before + beats
        for width, before in enumerate(self._narrower, 1):
            begun = Mux(self.now == width, beat >= before + beats, begun)
        return begun


@component.register
def _(unit: PadChannelsUnit) -> PadChannels:
    before, beats, after = unit.beats_at(0)
    return PadChannels(
        unit.outputs[0].bits,
        lanes=unit.lanes,
        before=before,
        beats=beats,
        after=after,
        code=codes_of(unit.out_tensor).zero_code,
        pixels=unit.layer.pixels,
        narrower=[unit.beats_at(1 + width)[0] for width in range(len(unit.layer.widths))],
    )
