"""Threshold: a requantizer of its own, codes from codes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import lcm
from typing import Self

from ...fpga import GENERIC, Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import Layer, only
from ..layers.layer import ThresholdLayer
from ..requantize import FORMS, check_form, requantizer_cycles, requantizer_resources
from ..schedule import divisors
from .requantizing import add_requantizer
from .stream_unit import StreamUnit
from .unit import Decisions, decided

__all__ = ["ThresholdUnit"]


@dataclass(frozen=True, eq=False)
class ThresholdUnit(StreamUnit):
    """Requantizer behind no layer with weights.

    Parameters
    ----------
    layers : (ThresholdLayer,)
    lanes : int
        Channels that pass at once, a divisor of all.
    form : str
        One of :data:`~threefold.plan.requantize.FORMS`.

    Raises
    ------
    PlanError
        If the lanes do not divide the channels, or there is no such form.
    """

    layers: tuple[ThresholdLayer]
    form: str = field(default="pipelined", kw_only=True)

    kind = "threshold"
    realizes = (ThresholdLayer,)

    def __post_init__(self):
        check_form(self.form)
        super().__post_init__()

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ThresholdLayer)
        for lanes in decided(fixed, "lanes", divisors(cls.shared_channels(layer))):
            for form in decided(fixed, "form", FORMS):
                yield cls((layer,), lanes, form=form)

    @property
    def layer(self) -> ThresholdLayer:
        return self.layers[0]

    @property
    def interval(self) -> int:
        return super().interval * requantizer_cycles(self.form, self.outputs[0].bits)

    @property
    def price(self) -> float:
        area = self.resources(GENERIC)
        return area.cells + GENERIC.block_worth * area.bram

    def resources(self, family: Family) -> Resources:
        return requantizer_resources(
            self.form,
            channels=lcm(self.layer.alike_after, self.lanes),
            bits=self.outputs[0].bits,
            accumulator_bits=self.layer.input_bits,
            lanes=self.lanes,
            family=family,
        )

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (add_requantizer(builder, source, self.form, self.outputs[0].bits),)

    def describe(self) -> str:
        return "requantize"

    @property
    def noun(self) -> str:
        return "requantizer"
