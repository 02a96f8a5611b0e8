"""Requantizer behind a unit: what every unit that gives codes by thresholds ends in."""

from dataclasses import dataclass
from math import lcm

from ...fpga import GENERIC, Family, Resources
from ..cycle_model.stages import StageBuilder
from ..requantize import requantizer_cycles, requantizer_latency, requantizer_resources

__all__ = ["Requantizer"]


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
    """

    form: str
    alike_after: int
    input_bits: int
    bits: int
    lanes: int
    steps: int

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
            channels=lcm(self.alike_after, self.lanes),
            bits=self.bits,
            accumulator_bits=self.input_bits,
            lanes=self.lanes,
            family=family,
            steps=self.steps,
        )

    def stage(self, builder: StageBuilder, source: int) -> int:
        """Add its stages to the cycle model; the stream of codes."""
        latency = requantizer_latency(self.form, self.bits, self.steps)
        return builder.skid(builder.pipe(source, latency, self.interval))
