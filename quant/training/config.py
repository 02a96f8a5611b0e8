"""How a network is trained, as frozen configurations with named presets."""

import math
from dataclasses import asdict, dataclass

from ...errors import TrainingError
from ..weights.statistical import RATIO

__all__ = ["TrainConfig"]

_CHOICES = {
    "network": ("mlp", "lenet"),
    "schedule": ("cosine", "step"),
    "optimizer": ("adamw", "sgd"),
    "device": ("cpu", "cuda"),
}
_MAX_WIDTH = 1 << 16


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what training gives, besides the data.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    widths : tuple of int
        Outputs of each hidden layer, at most 65536; filters, of convolutions.
    bits : int
        Width of the activations.
    network : str
        ``"mlp"`` or ``"lenet"``.
    epochs, batch : int
        Passes over the training images, and images a step.
    rate : float
        Learning rate at the start.
    schedule : str
        ``"cosine"`` falls to 0 along half a cosine, ``"step"`` by 10 after each third.
    optimizer : str
        ``"adamw"``, or ``"sgd"`` with Nesterov momentum 0.9.
    weight_decay : float
        Of the weights; biases, norms and clips do not decay.
    smoothing : float
        Share of the target that is spread over all classes, 0…1.
    seed : int
        Of initial weights and of the order of images, at least 0.
    device : str
        ``"cpu"`` or ``"cuda"``.
    threads : int
        On the CPU. Small networks are fastest with one, and the number decides the last digit
        of sums, so that it belongs here.

    Raises
    ------
    TrainingError
        If a value is out of range.
    """

    dataset: str
    widths: tuple[int, ...]
    bits: int
    epochs: int
    network: str = "mlp"
    batch: int = 64
    rate: float = 0.01
    schedule: str = "cosine"
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    smoothing: float = 0.0
    seed: int = 0
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(self.widths))
        for field in ("epochs", "batch", "threads"):
            if getattr(self, field) < 1:
                raise TrainingError(f"{field} must be at least 1, not {getattr(self, field)}")
        for width in self.widths:
            if not 1 <= width <= _MAX_WIDTH:
                raise TrainingError(f"widths must be 1…{_MAX_WIDTH}, not {width}")
        if not 1 <= self.bits <= 8:
            raise TrainingError(f"bits must be 1…8, not {self.bits}")
        if not 0 < self.rate < math.inf:
            raise TrainingError(f"rate must be positive, not {self.rate}")
        if not 0 <= self.weight_decay < math.inf:
            raise TrainingError(f"weight_decay must be at least 0, not {self.weight_decay}")
        if not 0 <= self.smoothing < 1:
            raise TrainingError(f"smoothing must be 0 or more and below 1, not {self.smoothing}")
        if not 0 <= self.seed < 2**31:
            raise TrainingError(f"seed must be 0…{2**31 - 1}, not {self.seed}")
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise TrainingError(
                    f"{field} must be one of {', '.join(choices)}, not {getattr(self, field)!r}"
                )

    def rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        if self.schedule == "cosine":
            return self.rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        return self.rate * 0.1 ** (3 * epoch // self.epochs)

    def to_dict(self) -> dict:
        """All values, as JSON has them."""
        return {**asdict(self), "widths": list(self.widths)}

    @property
    def recipe(self) -> str:
        """One line for people."""
        widths = "-".join(map(str, self.widths))
        return (
            f"statistical weight scaling (threshold {RATIO}), {self.network} of widths {widths}, "
            f"{self.bits}-bit activations; {self.optimizer} {self.rate:g} {self.schedule}, decay "
            f"{self.weight_decay:g}, {self.epochs} epochs, batch {self.batch}, label smoothing "
            f"{self.smoothing:g}; last epoch"
        )
