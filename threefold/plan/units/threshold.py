"""Threshold: a requantizer of its own, codes from codes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from ..layers import Layer, only
from ..layers.layer import ThresholdLayer
from ..schedule import divisors
from .requantizing import Requantizer, check_requantizer, requantizer, requantizer_forms
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
        check_requantizer(self.form, self.layer)
        super().__post_init__()

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        layer = only(layers, ThresholdLayer)
        for lanes in decided(fixed, "lanes", divisors(cls.shared_channels(layer))):
            for form in requantizer_forms(layer, fixed):
                yield cls((layer,), lanes, form=form)

    @property
    def layer(self) -> ThresholdLayer:
        return self.layers[0]

    @property
    def requantizer(self) -> Requantizer:
        """What it consists of."""
        return requantizer(self.layer, self.layer.input_bits, self.form, self.lanes)

    @property
    def interval(self) -> int:
        return super().interval * self.requantizer.interval

    @property
    def price(self) -> float:
        return self.requantizer.price

    def resources(self, family: Family) -> Resources:
        return self.requantizer.resources(family)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (self.requantizer.stage(builder, source),)

    def describe(self) -> str:
        return "requantize"

    @property
    def noun(self) -> str:
        return "requantizer"
