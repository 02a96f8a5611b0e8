"""From a trained model to a network of exact integers."""

import copy
from collections.abc import Mapping

import numpy as np
import torch

from ..errors import NetworkError
from ..network import ArgMax, Codes, Dense, Logits, Network, Op, Threshold
from .linear import TernaryLinear
from .models import Model
from .norm import Norm
from .quantize import Quantize
from .tensor import QuantTensor
from .threshold import search

__all__ = ["export"]

_EXACT = 2**24  # single precision holds every integer below
_PATTERN = "TernaryLinear, Norm, Quantize in turns and a TernaryLinear at the end"


@torch.no_grad()
def export(
    model: Model, name: str, provenance: Mapping | None = None, *, argmax: bool = False
) -> Network:
    """The network that computes the very codes of ``model`` in evaluation mode.

    Layers become ``fc1``, ``act1``, ``fc2``, …, ``logits``. Norm and activation become
    integer levels, found by bisection of the layers' own evaluation (see :func:`search`) over
    the accumulators that their weights can reach.

    Parameters
    ----------
    model : Model
        On any device, in any mode; it is not changed.
    name : str
        Name of the network.
    provenance : mapping
        As in :class:`Network`.
    argmax : bool
        End in the class index, not in the logits it is chosen by.

    Raises
    ------
    NetworkError
        If the layers do not follow the pattern, parameters are not finite, or accumulators are
        too large for PyTorch to have been exact.
    """
    model = copy.deepcopy(model).cpu().eval()
    *hidden, (classifier,) = _groups(model)
    for key, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise NetworkError(f"{key} is not finite everywhere; train again at a lower rate")
    codes, scale = model.input.element, torch.tensor(model.input_scale, dtype=torch.float64)
    ops: list[tuple[str, Op]] = []
    for index, (linear, norm, quantize) in enumerate(hidden, 1):
        weights, _, scale = _integers(linear, scale)
        lo, hi = _bounds(f"fc{index}", weights, codes)

        def reference(sums, norm=norm, quantize=quantize, scale=scale):
            x = QuantTensor(torch.from_numpy(sums).float(), scale, torch.zeros_like(scale))
            return quantize(norm(x)).codes.to(torch.int64).numpy()

        levels, falling = search(reference, lo, hi, quantize.max_code)
        weights = np.where(falling[:, None], -weights, weights)
        ops.append((f"fc{index}", Dense(weights, model.input.shape if index == 1 else None)))
        ops.append((f"act{index}", Threshold(levels)))
        codes, scale = Codes(quantize.max_code), quantize.scale()
    index = len(hidden) + 1
    weights, bias, _ = _integers(classifier, scale)
    _bounds(f"fc{index}", weights, codes, bias)
    ops.append((f"fc{index}", Dense(weights, model.input.shape if index == 1 else None)))
    ops.append(("logits", Logits(bias.astype(np.int64))))
    if argmax:
        ops.append(("argmax", ArgMax()))
    return Network.chain(name, model.input, ops, provenance)


def _groups(model: Model) -> list[tuple]:
    """The layers, three by three, the classifier alone at the end."""
    layers = list(model.layers)
    for index, layer in enumerate(layers):
        expected = (TernaryLinear, Norm, Quantize)[index % 3]
        if not isinstance(layer, expected):
            raise NetworkError(
                f"layer {index} is {type(layer).__name__}, not {expected.__name__}; "
                f"a network is exported from {_PATTERN}"
            )
        if isinstance(layer, TernaryLinear) and layer.bias is not None and layer is not layers[-1]:
            raise NetworkError(f"layer {index} has a bias, which belongs into the Norm after it")
        if isinstance(layer, Norm) and layer.channels != layers[index - 1].outputs:
            raise NetworkError(
                f"layer {index} normalizes {layer.channels} channels, "
                f"but reads {layers[index - 1].outputs}"
            )
    if len(layers) % 3 != 1:
        raise NetworkError(
            f"{len(layers)} layers do not end in a classifier; "
            f"a network is exported from {_PATTERN}"
        )
    return [tuple(layers[index : index + 3]) for index in range(0, len(layers), 3)]


def _integers(
    linear: TernaryLinear, scale: torch.Tensor
) -> tuple[np.ndarray, np.ndarray, torch.Tensor]:
    """Weights as int8, the bias as integers in double precision, and the output's scale."""
    ternary, bias, scale = linear.integers(scale)
    bias = torch.zeros(linear.outputs, dtype=torch.float64) if bias is None else bias
    return ternary.to(torch.int8).numpy(), bias.numpy(), scale


def _bounds(name: str, weights: np.ndarray, codes: Codes, bias=0) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest accumulator of each channel, checked to be exact in training."""
    lo, hi = Dense(weights).bounds(codes)
    largest = max(np.abs(bound + extra).max() for bound in (lo, hi) for extra in (0, bias))
    if largest >= _EXACT:
        raise NetworkError(
            f"accumulators of {name} reach {largest:.0f}, but PyTorch is exact below {_EXACT} "
            f"only; use fewer inputs, fewer bits or a smaller bias"
        )
    return lo, hi
