"""Stage: a training before the one that counts."""

from dataclasses import asdict, dataclass

from ..models import FLOAT
from ..ranges import Range, require
from ..weights import BITS

__all__ = ["Stage"]

_RANGES = {
    "epochs": Range(1, whole=True),
    "bits": Range(1, 8, whole=True, optional=True),
    "weight_bits": Range(*BITS, whole=True, optional=True),
    "rate": Range(0, above=True, optional=True),
    "weight_decay": Range(0, optional=True),
}


@dataclass(frozen=True)
class Stage:
    """A training before the one that counts, which starts from what it has learned.

    Parameters
    ----------
    epochs : int
    weights : str
        As in :class:`TrainConfig`; float unless given.
    bits : int, optional
        Width of the activations; that of the training itself if left out.
    weight_bits : int, optional
        Width of the weights ``"int"``; that of the training itself if left out.
    rate : float, optional
        Learning rate at the start; that of the training itself if left out.
    weight_decay : float, optional
        Decay of the weights; that of the training itself if left out.
    schedule : str, optional
        As in :class:`TrainConfig`; that of the training itself if left out.

    Raises
    ------
    TrainingError
        If a value is out of range.
    """

    epochs: int
    weights: str = FLOAT
    bits: int | None = None
    rate: float | None = None
    weight_decay: float | None = None
    schedule: str | None = None
    weight_bits: int | None = None

    def __post_init__(self):
        require(_RANGES, self, " of a stage")

    def to_dict(self) -> dict:
        """All values, as JSON has them; what came later only where it is given."""
        later = ("weight_decay", "schedule", "weight_bits")
        return {
            key: value
            for key, value in asdict(self).items()
            if value is not None or key not in later
        }
