"""Training of the parameters that weight quantizers learn."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..models import Model
from ..weights import WeightQuantizer
from .config import TrainConfig
from .part import Part

__all__ = ["ClampThresholds", "ThresholdsFirst", "scales", "thresholds"]

_LARGEST = 1e-3
_MOMENTUM = 0.9


class ClampThresholds(Part):
    """Keeps gradients of thresholds within ±10⁻³, as He and Fan, CVPR 2019, do."""

    capturable: ClassVar[bool] = True

    def before_step(self, model: Model) -> None:
        """Clamp them."""
        for threshold in thresholds(model):
            if threshold.grad is not None:
                threshold.grad.clamp_(-_LARGEST, _LARGEST)


class ThresholdsFirst(Part):
    """Two passes a batch: thresholds move first, everything else when they have.

    He, Fan, CVPR 2019: SGD with Nesterov momentum 0.9, without decay, at the learning rate of the
    epoch. The optimizer must know nothing of the thresholds. Norms see every batch twice.

    Parameters
    ----------
    config : TrainConfig
        Has the learning rate.
    """

    def __init__(self, config: TrainConfig):
        self._config = config
        self._epoch = 0
        self._velocities: list[Tensor] = []

    def before_batch(self, model: Model, gradients: Callable[[], Tensor]) -> None:
        """Move the thresholds."""
        gradients()
        learned = thresholds(model)
        velocities = self._velocities or [torch.zeros_like(each) for each in learned]
        self._velocities = [velocity.to(model.device) for velocity in velocities]
        rate = self._config.rate_at(self._epoch)
        with torch.no_grad():
            for threshold, velocity in zip(learned, self._velocities, strict=True):
                if threshold.grad is not None:
                    velocity.mul_(_MOMENTUM).add_(threshold.grad)
                    threshold.sub_(rate * (threshold.grad + _MOMENTUM * velocity))

    def after_epoch(self, model: Model, epoch: int) -> None:
        """Go on with the rate of the next epoch."""
        self._epoch = epoch + 1

    def state_dict(self) -> dict:
        """The epoch, and velocities of thresholds."""
        return {"epoch": self._epoch, "velocities": self._velocities}

    def load_state_dict(self, state: dict) -> None:
        """Go on from those."""
        self._epoch, self._velocities = state["epoch"], list(state["velocities"])


def thresholds(model: Model) -> list[nn.Parameter]:
    """All that quantizers learn as thresholds."""
    return [each for quantizer in _quantizers(model) for each in quantizer.learned_thresholds()]


def scales(model: Model) -> list[nn.Parameter]:
    """All that quantizers learn as scales."""
    return [each for quantizer in _quantizers(model) for each in quantizer.learned_scales()]


def _quantizers(model: Model) -> Iterator[WeightQuantizer]:
    return (layer for layer in model.modules() if isinstance(layer, WeightQuantizer))
