"""Training: what decides it, and how it goes on."""

from .config import TrainConfig
from .presets import PRESETS
from .train import accuracy, build, train

__all__ = ["PRESETS", "TrainConfig", "accuracy", "build", "train"]
