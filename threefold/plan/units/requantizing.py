"""Requantizer in the cycle model, for every unit that gives codes by thresholds."""

from ..cycle_model.stages import StageBuilder
from ..requantize import requantizer_cycles, requantizer_latency

__all__ = ["add_requantizer"]


def add_requantizer(builder: StageBuilder, source: int, form: str, bits: int) -> int:
    """Add a search among thresholds and the skid buffer behind it; gives the stream of codes.

    Parameters
    ----------
    builder : StageBuilder
    source : int
        Stream of the accumulator values.
    form : str
        One of :data:`~threefold.plan.requantize.FORMS`.
    bits : int
        Width of a code.
    """
    latency, interval = requantizer_latency(form, bits), requantizer_cycles(form, bits)
    return builder.skid(builder.pipe(source, latency, interval))
