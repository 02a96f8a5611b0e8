"""Training: configuration, loop and checkpoints."""

from .config import TrainConfig
from .distributed import Group, processes
from .presets import PRESETS
from .stage import Stage
from .stages import pretrained_model, train_stages
from .train import accuracy, build, train
from .transfer import transfer

__all__ = [
    "PRESETS",
    "Group",
    "Stage",
    "TrainConfig",
    "accuracy",
    "build",
    "pretrained_model",
    "processes",
    "train",
    "train_stages",
    "transfer",
]
