"""Ternary networks out of plain PyTorch modules, with their weights."""

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import torch
from torch import nn

from threefold.errors import TrainingError
from threefold.modules import bare
from threefold.network import Codes, Tensor

from ..layers import Norm, QuantTensor, integers, moments
from ..models import FLOAT, Kit, Model
from ..training import transfer
from .assemble import assemble
from .chain import Affine, Chain
from .comparison import require_same_outputs
from .steps import LayerError, Step, Steps
from .traced import copied, steps_of

__all__ = ["ternarize"]


def ternarize(
    module: nn.Module,
    input: Tensor,
    bits: int = 4,
    weights: str = "statistical",
    *,
    per_filter: bool = False,
    weight_bits: int | None = None,
    first: int | None = None,
    last: int | None = None,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    images: np.ndarray | None = None,
) -> Model:
    """A model of quantized layers in the place of those of ``module``, to train and export.

    It starts from the weights, biases and statistics of the module. Layers with weights become
    ternary; ReLU, ReLU6 and Hardtanh become quantizers whose clip is learned; BatchNorm, pooling,
    Flatten and sums of two branches stay what they are. Dropout is left out, and so is a softmax
    at the end, since a model gives logits. A bias in front of a BatchNorm goes into its mean; where
    there is no BatchNorm, a norm with that bias is added. Where pooling, a sum or further weights
    follow weights without an activation between, signed codes are put there.

    Parameters
    ----------
    module : nn.Module
        Of layers of PyTorch, trained or not, on any device and in any precision, wrapped or not;
        it is not changed. What it computes must not depend on the data. It reads images with
        channels first, (channels, height, width), or (channels, width) of a single row; or
        vectors of all elements, in the order row, column, channel.
    input : Tensor
        Type of one image, as in :class:`Network`. The module reads the integers that codes mean,
        brought into −1…1: unsigned codes of 8 bits as 0, 1/255, …, 1.
    bits : int
        Width of the activations.
    weights : str
        Quantizer of the weights, by its name in :data:`WEIGHTS`; ``"float"`` gives the twin that
        is not quantized, and computes what ``module`` does.
    per_filter : bool
        One scale for each filter, but for the last layer.
    weight_bits, first, last : int, optional
        Widths of integer weights, as in :class:`Kit`.
    mean, std : float or sequence of float
        Of each channel: what the module reads is (x − mean) / std. Goes into the first layer.
    images : array of int, shape (images, height, width, channels), optional
        Codes of some training images. Norms that are added start from their statistics, so that
        training begins where the module is; without them, it takes some batches longer.

    Raises
    ------
    TrainingError
        If a value is out of range, the module cannot be traced, or has layers that nothing
        stands for, all of which the message names; or if the module and its float twin differ on
        random images.

    Examples
    --------
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    >>> model = ternarize(net, Tensor((8, 8, 1), Codes.unsigned(4)), bits=2)
    """
    if not isinstance(input.element, Codes):
        raise TrainingError(f"a model reads codes, not {input.element}")
    if isinstance(bare(module), Model):
        raise TrainingError("the module is a model already; train or export it")
    affine = _normalization(mean, std, input.shape[2])
    kit = Kit(bits, weights, per_filter=per_filter, weight_bits=weight_bits, first=first, last=last)
    module = copied(module)
    steps, shape = steps_of(module, input)
    steps, last = _without_softmax(steps)
    name = type(module).__name__
    model, _ = _model(name, steps, input, kit, affine)
    twin, added = _model(name, steps, input, Kit(bits, FLOAT), affine)
    require_same_outputs(module, twin, shape, affine, last)
    if images is not None:
        _start(twin, added, images)
    if not kit.ternary:
        return twin
    if images is not None:
        transfer(twin, model)
    return model


def _normalization(
    mean: float | Sequence[float], std: float | Sequence[float], channels: int
) -> Affine:
    made = []
    for name, given in (("mean", mean), ("std", std)):
        values = torch.as_tensor(given, dtype=torch.float32)
        if values.shape not in ((), (1,), (channels,)):
            raise TrainingError(f"{name} is one number or {channels}, one a channel, not {given}")
        if not values.isfinite().all() or (name == "std" and not (values > 0).all()):
            least = " above 0" if name == "std" else ""
            raise TrainingError(f"{name} must be finite{least}, not {given}")
        made.append(values.expand(channels).double())
    return Affine((1 / made[1]).float(), (-made[0] / made[1]).float())


def _without_softmax(steps: Steps) -> tuple[Steps, nn.Module]:
    """Steps up to a softmax at the end, which changes no order, and that along the classes."""
    count = len(steps)
    while count and isinstance(steps[count - 1], Step):
        layer = steps[count - 1].layer
        if isinstance(layer, nn.Softmax | nn.LogSoftmax):
            axis = 1 if layer.dim is None else layer.dim % (1 + len(steps[count - 1].output))
            return (steps[: count - 1], type(layer)(1)) if axis == 1 else (steps, nn.Identity())
        if not isinstance(layer, nn.Identity | nn.Dropout):
            break
        count -= 1
    return steps, nn.Identity()


def _model(
    name: str, steps: Steps, input: Tensor, kit: Kit, affine: Affine
) -> tuple[Model, list[Norm]]:
    """The model, and its norms that the module has not."""
    refused: list[str] = []
    chain = Chain(kit, input.codes.lo >= 0, affine)
    with torch.no_grad():
        assemble(chain, steps, refused)
        if not refused:
            try:
                chain.classify()
            except LayerError as error:
                refused.append(f"{steps[-1] if steps else name}: {error}")
    if refused:
        count = "a layer" if len(refused) == 1 else f"{len(refused)} layers"
        raise TrainingError(f"{name} has {count} without a ternary twin: {'; '.join(refused)}")
    return Model(input, chain.layers), chain.added


@torch.no_grad()
def _start(twin: Model, norms: Sequence[Norm], images: np.ndarray) -> None:
    """Give norms the statistics of these images, and leave what they compute as it is."""

    def measure(norm: Norm, inputs: tuple[QuantTensor]) -> None:
        (x,) = inputs
        var, mean, _ = moments(x.value)
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_((mean - norm.running_mean) * gain)
        norm.weight.copy_(gain * (var + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)

    with ExitStack() as hooks:
        for norm in norms:
            hooks.enter_context(norm.register_forward_pre_hook(measure))
        twin.eval()(integers(images))
    twin.train()
