"""Pretrained weights: float networks of other libraries as the start of training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from threefold.errors import TrainingError

from ..layers import Join, Norm, Product, Ternary
from .kit import FLOAT
from .model import Model
from .state import state_tensors

__all__ = ["load_pretrained"]

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_STATISTICS = ("weight", "bias", "running_mean", "running_var")
_LARGEST = 255  # a pixel, which images of 0…1 are divided by


@dataclass(frozen=True)
class _Layer:
    """A layer of a state: its name, and its tensors by the last part of theirs."""

    name: str
    tensors: Mapping[str, Tensor]

    @property
    def normalizes(self) -> bool:
        return "running_mean" in self.tensors

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensors["weight"].shape)

    def __str__(self) -> str:
        return f"{self.name} ({_words(self.normalizes, self.shape)})"


@torch.no_grad()
def load_pretrained(
    model: Model,
    state: Mapping[str, Any] | Path | str,
    *,
    mean: Sequence[float] = _MEAN,
    std: Sequence[float] = _STD,
) -> bool:
    """Give a float model the weights of a network of the same layers, whatever their names.

    Layers are taken in their order, that of the definition: of a block, the convolutions and then
    the shortcut, as torchvision, timm and PyTorch Image Classification have them. So
    ``resnet18-f37072fd.pth`` of torchvision goes into ``"resnet18"``. A classifier of other
    classes is left out, and stays as it is in the model.

    Published networks read pixels of 0…1, normalized; a model reads the integers that codes mean.
    The difference goes into the first convolution and the norm behind it. At the border of an
    image it stays, since zeros around a normalized image mean ``mean``, and in hardware code
    values of 0; training mends what that costs.

    Parameters
    ----------
    model : Model
        Float, with a norm behind the first layer with weights.
    state : mapping of str to tensor, or path
        As for :func:`load_state`.
    mean, std : sequence of float
        Of each channel, what pixels were normalized with; those of ImageNet unless given.

    Returns
    -------
    whole : bool
        Whether the classifier was taken as well.

    Raises
    ------
    TrainingError
        If the model is quantized, the file cannot be read, or its layers are not those of the
        model; the message names the first that differs.
    """
    ours = list(_layers(model))
    if any(isinstance(layer, Ternary) for layer in ours):
        raise TrainingError(f"pretrained weights go into a model of weights {FLOAT!r}")
    _require_normed(ours, mean, std)
    theirs = _given(state_tensors(state))
    whole = _require_same(ours, theirs)
    before = None
    for layer, given in list(zip(ours, theirs, strict=True))[: None if whole else -1]:
        for key, tensor in given.tensors.items():
            if getattr(layer, key) is not None:
                getattr(layer, key).copy_(tensor)
        if isinstance(layer, Norm) and before is not None and "bias" in before.tensors:
            layer.running_mean.sub_(before.tensors["bias"])
        before = None if isinstance(layer, Norm) else given
    _read_codes(model, ours, mean, std)
    return whole


def _layers(module: nn.Module) -> Iterator[Product | Norm]:
    """Products and norms, of a join those of the body first."""
    if isinstance(module, Product | Norm):
        yield module
        return
    inner = (module.body, module.shortcut) if isinstance(module, Join) else module.children()
    for each in inner:
        yield from _layers(each)


def _require_normed(
    ours: Sequence[Product | Norm], mean: Sequence[float], std: Sequence[float]
) -> None:
    """Check that the first layer and the norm behind it can take in ``mean`` and ``std``."""
    if len(ours) < 2 or not isinstance(ours[1], Norm):
        raise TrainingError("pretrained weights need a norm behind the first layer of the model")
    channels = ours[0].weight.shape[1]
    if len(mean) != channels or len(std) != channels or min(std) <= 0:
        raise TrainingError(
            f"images of {channels} channels have as many means and deviations above 0, not "
            f"{list(mean)} and {list(std)}"
        )


def _given(tensors: Mapping[str, Tensor]) -> list[_Layer]:
    """Layers of a state, in the order of their first tensors."""
    layers: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        name, _, last = key.rpartition(".")
        if last in _STATISTICS:
            layers.setdefault(name, {})[last] = tensor
    for name, its in layers.items():
        missing = {"weight", *(_STATISTICS if "running_mean" in its else ())} - set(its)
        if missing:
            raise TrainingError(f"layer {name} of the pretrained weights lacks {min(missing)}")
    return [_Layer(name, its) for name, its in layers.items()]


def _require_same(ours: Sequence[Product | Norm], theirs: Sequence[_Layer]) -> bool:
    """Whether all layers are the same; or all but the classes of the last."""
    for layer, given in zip(ours, theirs, strict=False):
        if isinstance(layer, Norm) == given.normalizes and _shape(layer) == given.shape:
            continue
        last = layer is ours[-1] and given is theirs[-1] and not given.normalizes
        if last and _shape(layer)[1:] == given.shape[1:]:
            return False
        raise TrainingError(
            f"the pretrained weights are those of another network: {given} stands where the "
            f"model has {_words(isinstance(layer, Norm), _shape(layer))}"
        )
    if len(ours) != len(theirs):
        raise TrainingError(
            f"the pretrained weights have {len(theirs)} layers with weights or statistics, but "
            f"the model has {len(ours)}"
        )
    for layer, following, given in zip(ours, [*ours[1:], None], theirs, strict=True):
        if "bias" in given.tensors and layer.bias is None and not isinstance(following, Norm):
            raise TrainingError(f"{given} has a bias, but the model's layer has none, and no norm")
    return True


def _read_codes(
    model: Model, ours: Sequence[Product | Norm], mean: Sequence[float], std: Sequence[float]
) -> None:
    """Let the first layer read the values of codes, not normalized pixels."""
    first, norm = ours[0], ours[1]
    codes = model.input.element
    pixel = 1 / (_LARGEST * codes.step)  # of one step of the codes' integers
    around = (-1, *[1] * (first.weight.ndim - 2))
    gain = torch.tensor([pixel / (model.input_scale * each) for each in std]).reshape(around)
    shift = torch.tensor(
        [(-codes.offset * pixel - m) / s for m, s in zip(mean, std, strict=True)]
    ).reshape(around)
    norm.running_mean.sub_((first.weight * shift).flatten(1).sum(1))
    first.weight.mul_(gain)


def _shape(layer: Product | Norm) -> tuple[int, ...]:
    return tuple(layer.weight.shape)


def _words(normalizes: bool, shape: Sequence[int]) -> str:
    sizes = "×".join(map(str, shape))
    return f"a norm of {sizes} channels" if normalizes else f"weights {sizes}"
