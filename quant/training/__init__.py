"""Training: what decides it, and how it goes on."""

from .config import TrainConfig
from .distributed import Group, processes
from .presets import PRESETS
from .train import accuracy, build, train

__all__ = ["PRESETS", "Group", "TrainConfig", "accuracy", "build", "processes", "train"]
