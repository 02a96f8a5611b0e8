"""Threshold: a requantizer behind no layer with weights, which may follow the width of images."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.plan.units.threshold import ThresholdUnit

from .component import component
from .requantizer import Requantizer

__all__ = ["WidthRequantizer"]


class WidthRequantizer(wiring.Component):
    """Requantizer that goes by the width of each image.

    Parameters
    ----------
    requantizer : Requantizer
        With thresholds at several widths.
    beats : int
        Beats of an image.

    Members
    -------
    i, o
        As of the requantizer.
    now : In(range(widths))
        Width of the image.
    image_end : Out(1)
        The last beat of an image is taken.
    """

    def __init__(self, requantizer: Requantizer, *, beats: int):
        self._requantizer = requantizer
        self._beats = beats
        members = requantizer.signature.members
        super().__init__(
            {
                "i": members["i"],
                "o": members["o"],
                "now": In(range(1 + len(requantizer.narrower))),
                "image_end": Out(1),
            }
        )

    @property
    def beats(self) -> int:
        return self._beats

    def elaborate(self, platform):
        m = Module()

        m.submodules.requantizer = requantizer = self._requantizer
        connect(m, flipped(self.i), requantizer.i)
        connect(m, requantizer.o, flipped(self.o))
        beat, last, accept = Signal(range(self._beats)), Signal(), Signal()
        m.d.comb += [
            requantizer.width.eq(self.now),
            last.eq(beat == self._beats - 1),
            accept.eq(self.i.valid & self.i.ready),
            self.image_end.eq(accept & last),
        ]
        with m.If(accept):
            m.d.sync += beat.eq(Mux(last, 0, beat + 1))

        return m


@component.register
def _(unit: ThresholdUnit) -> Requantizer | WidthRequantizer:
    layer = unit.layer
    requantizer = Requantizer(
        layer.thresholds,
        accumulator_bits=layer.input_bits,
        lanes=unit.lanes,
        form=unit.form,
        even=layer.even if unit.form == "divider" else None,
        narrower=[each.thresholds for each in layer.widths],
    )
    return WidthRequantizer(requantizer, beats=unit.o_beats) if layer.widths else requantizer
