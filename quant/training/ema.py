"""Moving averages of parameters."""

from typing import ClassVar

import torch

from threefold.errors import TrainingError

from ..models import Model
from .part import Part

__all__ = ["MovingAverage"]


class MovingAverage(Part):
    """Replaces the parameters at the end by their exponential moving average.

    Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992, in the form
    usual for networks: after each step average ← decay · average + (1 − decay) · parameter, and
    the same for running statistics. At the start the decay is no more than (1 + n) / (10 + n)
    after n steps.

    Parameters
    ----------
    decay : float
        Above 0, below 1.

    Raises
    ------
    TrainingError
        If ``decay`` is out of range.
    """

    capturable: ClassVar[bool] = True

    def __init__(self, decay: float):
        if not 0 < decay < 1:
            raise TrainingError(f"the decay of an average is above 0 and below 1, not {decay}")
        self.decay = decay
        self._steps = 0
        self._average: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def after_step(self, model: Model) -> None:
        """Move the averages towards the parameters."""
        current = _moving(model)
        if not self._average:
            self._average = {key: tensor.clone() for key, tensor in current.items()}
        self._steps += 1
        share = 1 - min(self.decay, (1 + self._steps) / (10 + self._steps))
        averages = [self._average[key] for key in current]
        torch._foreach_lerp_(averages, [*current.values()], share)

    @torch.no_grad()
    def finish(self, model: Model) -> None:
        """Put the averages into the model."""
        for key, tensor in _moving(model).items():
            if key in self._average:
                tensor.copy_(self._average[key])

    def state_dict(self) -> dict:
        """Averages and the number of steps."""
        return {"steps": self._steps, "average": self._average}

    def load_state_dict(self, state: dict) -> None:
        """Go on from those."""
        self._steps, self._average = state["steps"], dict(state["average"])


def _moving(model: Model) -> dict[str, torch.Tensor]:
    """What is averaged: everything but flags, counts and masks."""
    return {key: tensor for key, tensor in model.state_dict().items() if tensor.is_floating_point()}
