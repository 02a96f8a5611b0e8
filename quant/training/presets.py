"""Trainings by name."""

from .config import TrainConfig

__all__ = ["PRESETS"]

PRESETS = {
    # Chosen on validation images taken out of the training images, six seeds each.
    "digits": TrainConfig("digits", widths=(64, 64), bits=2, epochs=60, smoothing=0.1),
    "lenet-digits": TrainConfig(
        "digit_maps", network="lenet", widths=(16, 32), bits=2, epochs=60, smoothing=0.1
    ),
    "lenet-mnist": TrainConfig(
        "mnist", network="lenet", widths=(8, 16, 64), bits=2, epochs=15, batch=128, smoothing=0.05
    ),
}
"""Configurations by name."""
