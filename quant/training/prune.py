"""Pruning as a part of training."""

from torch import Tensor

from ..models import Model
from ..pruning import Pruning, Tiled, group_lasso, prune, prune_collapsed, select
from .part import Part

__all__ = ["Pruner"]


class Pruner(Part):
    """Pulls tiles to 0 and prunes a growing part of them; see :class:`Pruning`.

    What is pruned is in the masks of the layers, and so in every state of the model, and in the
    network that is exported from it.

    Parameters
    ----------
    pruning : Pruning
    epochs : int
        Epochs of the training.

    Raises
    ------
    TrainingError
        If pruning takes more epochs than that.
    """

    def __init__(self, pruning: Pruning, epochs: int):
        self.pruning = pruning
        self.epochs = epochs
        self._end = pruning.until(epochs)
        self._done = 0
        self._layers: list[Tiled] | None = None

    def penalty(self, model: Model) -> Tensor | None:
        """λ times the group lasso, until all is pruned."""
        if self._done >= self._end or not self.pruning.penalty:
            return None
        return self.pruning.penalty * group_lasso(self._select(model), self.pruning.clip)

    def after_epoch(self, model: Model, epoch: int) -> None:
        """Prune as many tiles as the epoch asks for."""
        self._done = epoch + 1
        if not self.pruning.start < self._done <= self._end:
            return
        layers = self._select(model)
        prune(layers, self.pruning.part(self._done, self.epochs), self.pruning.scope)
        if self._done == self._end and self.pruning.collapse:
            prune_collapsed(layers, self.pruning.collapse)

    def state_dict(self) -> dict:
        """The number of epochs done."""
        return {"done": self._done}

    def load_state_dict(self, state: dict) -> None:
        """Go on from there."""
        self._done = int(state["done"])

    def _select(self, model: Model) -> list[Tiled]:
        if self._layers is None:
            self._layers = select(model, self.pruning)
        return self._layers
