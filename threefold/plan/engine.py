"""What is decided about one engine."""

from dataclasses import dataclass
from functools import cached_property

from ..errors import PlanError
from .layer import Layer
from .schedule import Folding, Schedule

__all__ = ["EnginePlan"]


@dataclass(frozen=True, eq=False)
class EnginePlan:
    """One engine of an accelerator.

    Parameters
    ----------
    layer : Layer
    folding : Folding
    lanes : int
        Outputs that leave in one cycle, a divisor of the PE count.
    banks : int
        Input vectors the activation buffer holds.

    Raises
    ------
    PlanError
        If the folding does not divide the layer or ``lanes`` not the PE count.
    """

    layer: Layer
    folding: Folding
    lanes: int = 1
    banks: int = 2

    def __post_init__(self):
        self.folding.check(self.layer)
        if self.lanes < 1 or self.folding.pe % self.lanes:
            raise PlanError(
                f"output lanes of {self.layer.name!r} must divide {self.folding.pe} PEs, "
                f"not {self.lanes}"
            )
        if self.banks < 2:
            raise PlanError(f"{self.layer.name!r} needs at least 2 banks, not {self.banks}")

    @cached_property
    def schedule(self) -> Schedule:
        """The tiles of the layer."""
        return Schedule(self.layer, self.folding)

    @property
    def cycles(self) -> int:
        """Least cycles between images: tiles, words in and beats out each take one."""
        beats = self.layer.rows // self.lanes
        return max(len(self.schedule.tiles), self.schedule.words, beats)
