"""Requantizer behind a unit: what every unit that gives codes by thresholds ends in."""

from dataclasses import dataclass
from math import lcm

from ...fpga import GENERIC, Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import ConvLayer
from ..layers.layer import ThresholdLayer
from ..requantize import check_form, forms_for, requantizer_cycles, requantizer_latency
from ..requantizer_area import requantizer_resources
from .unit import Decisions

__all__ = ["Requantizer", "alike", "check_requantizer", "requantizer", "requantizer_forms"]


@dataclass(frozen=True)
class Requantizer:
    """A search among thresholds, and the skid buffer behind it.

    Parameters
    ----------
    form : str
        One of :data:`~threefold.plan.requantize.FORMS`.
    alike_after : int
        Channels after which the thresholds repeat.
    input_bits : int
        Width of what is compared.
    bits : int
        Width of a code.
    lanes : int
        Codes at once.
    steps : int
        Comparisons of a binary search: those of the thresholds that differ.
    word_bits, stored_bits : int or None
        Width of what a divider subtracts, and of its words in memory; None in other forms.
    widths : int
        Widths of the network, each of which has its thresholds.
    """

    form: str
    alike_after: int
    input_bits: int
    bits: int
    lanes: int
    steps: int
    word_bits: int | None = None
    stored_bits: int | None = None
    widths: int = 1

    @property
    def interval(self) -> int:
        """Cycles from a beat until the next is accepted."""
        return requantizer_cycles(self.form, self.bits, self.steps)

    @property
    def price(self) -> float:
        """Logic cells of the smallest device that it is worth; see :attr:`Unit.price`."""
        area = self.resources(GENERIC)
        return area.cells + GENERIC.block_worth * area.bram

    def resources(self, family: Family) -> Resources:
        """What it takes of an FPGA: an estimate."""
        return requantizer_resources(
            self.form,
            channels=lcm(self.alike_after, self.lanes) * self.widths,
            bits=self.bits,
            accumulator_bits=self.input_bits,
            lanes=self.lanes,
            family=family,
            steps=self.steps,
            word_bits=self.word_bits,
            stored_bits=self.stored_bits,
        )

    def stage(self, builder: StageBuilder, source: int) -> int:
        """Add its stages to the cycle model; the stream of codes."""
        latency = requantizer_latency(self.form, self.bits, self.steps)
        return builder.skid(builder.pipe(source, latency, self.interval))


def requantizer(
    layer: ConvLayer | ThresholdLayer, input_bits: int, form: str, lanes: int, alike_after: int = 0
) -> Requantizer:
    """The requantizer of a layer's thresholds.

    ``input_bits`` are those of what is compared, ``alike_after`` the channels that are stored, if
    they are not the fewest.
    """
    alike_after = alike_after or alike(layer, form)
    bits, even = layer.output.element.bits, layer.even if form == "divider" else None
    words = (None, None) if even is None else (even.word_bits, even.stored_bits)
    return Requantizer(
        form,
        alike_after,
        input_bits,
        bits,
        lanes,
        layer.search_steps,
        *words,
        widths=1 + len(layer.widths),
    )


def alike(layer: ConvLayer | ThresholdLayer, form: str) -> int:
    """Channels after which what a form reads of them comes again."""
    return layer.lines_alike_after if form == "divider" else layer.alike_after


def requantizer_forms(layer: ConvLayer | ThresholdLayer, fixed: Decisions) -> list[str]:
    """Forms that suit a layer's thresholds, or the one that is decided; ``"pipelined"`` if none."""
    if layer.thresholds is None:
        return ["pipelined"]
    if "form" in fixed:
        return [str(fixed["form"])]
    return list(forms_for(layer.even is not None))


def check_requantizer(form: str, layer: ConvLayer | ThresholdLayer) -> None:
    """Refuse a form that there is not, or that does not suit a layer's thresholds.

    Raises
    ------
    PlanError
    """
    check_form(form, even=form != "divider" or layer.even is not None, of=layer.name)
