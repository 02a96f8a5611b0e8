"""Narrower networks within a model.

Yu, Yang, Xu, Yang, Huang, "Slimmable neural networks", ICLR 2019: each layer of a narrower
network is made of the first channels of that layer in the whole. Here thresholds and scales of
weights are those of the whole tensors, so that one memory of ternary weights serves all widths.
"""

from torch import nn

from threefold.errors import NetworkError, TrainingError
from threefold.network import Kept, is_name

from ..layers import Concat, Flatten, Join, Product, Slimmable
from .model import Model

__all__ = ["slim"]


def slim(model: Model, width: str, like: Model) -> None:
    """Let ``model`` be used at a further width; see :meth:`Model.at`.

    Parameters
    ----------
    model : Model
        Gets running statistics of its own for the width, which start as those of the whole.
    width : str
        Name of the narrower network.
    like : Model
        Model of the same definition, with fewer outputs; only its shape matters.

    Raises
    ------
    TrainingError
        If the name is none or is taken, or the two models are not of one definition.
    """
    if not is_name(width) or width in model.widths:
        raise TrainingError(f"a width needs a name that no other has, not {width!r}")
    if model.input != like.input:
        raise TrainingError(f"a narrower network reads {model.input} too, not {like.input}")
    kept = Kept.first(model.input.shape[2])
    with model.at(None), like.at(None):
        kept = _Slimming(width).apply("layers", model.layers, like.layers, kept)
    if not kept.is_whole:
        raise TrainingError(f"a narrower network has all {kept.channels} classes, not {kept.used}")
    model.widths.append(width)


class _Slimming:
    """Goes through the layers of a model, with the channels that there are."""

    def __init__(self, width: str):
        self._width = width
        self._flat = False  # whether channels are still those of the map that a vector was

    def apply(self, path: str, layer: nn.Module, like: nn.Module, kept: Kept) -> Kept:
        """The channels that ``layer`` gives of those kept, being as narrow as ``like``."""
        children, others = list(layer.children()), list(like.children())
        if type(layer) is not type(like) or len(children) != len(others):
            raise TrainingError(
                f"{path} is {_kind(layer)}, but {_kind(like)} in the network of width "
                f"{self._width}; choose another width"
            )
        if isinstance(layer, nn.Sequential):
            for index, (part, other) in enumerate(zip(children, others, strict=True)):
                kept = self.apply(f"{path}.{index}", part, other, kept)
            return kept
        if isinstance(layer, Join):
            return self._join(path, layer, like, kept)
        try:
            return self._own(layer, like, kept)
        except (TrainingError, NetworkError) as error:
            raise TrainingError(f"{path} at width {self._width}: {error}") from None

    def _own(self, layer: nn.Module, like: nn.Module, kept: Kept) -> Kept:
        if isinstance(layer, Slimmable) and isinstance(like, Slimmable):
            kept = layer.narrow(self._width, like, kept)
        if isinstance(layer, Product | Flatten):
            self._flat = isinstance(layer, Flatten)
        return kept

    def _join(self, path: str, layer: Join, like: Join, kept: Kept) -> Kept:
        before = self._flat
        shortcut = self.apply(f"{path}.shortcut", layer.shortcut, like.shortcut, kept)
        flat, self._flat = self._flat, before
        body = self.apply(f"{path}.body", layer.body, like.body, kept)
        if isinstance(layer, Concat) and not flat and not self._flat:
            return shortcut.beside(body)
        if isinstance(layer, Concat) or (shortcut, flat) != (body, self._flat):
            raise TrainingError(
                f"the branches of {path} do not keep the same channels at width {self._width}"
            )
        return shortcut


def _kind(layer: nn.Module) -> str:
    parts = f" of {len(layer)} layers" if isinstance(layer, nn.Sequential) else ""
    return f"{type(layer).__name__}{parts}"
