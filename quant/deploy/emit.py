"""Emitter: nodes of a network out of the layers of a model, one after the other."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from threefold import network
from threefold.errors import NetworkError
from threefold.network import (
    INPUT,
    Add,
    Builder,
    Codes,
    Concat,
    Conv,
    Dense,
    Logits,
    Op,
    Sums,
    Values,
)

from ..layers import (
    Join,
    Norm,
    Quantize,
    Quantizer,
    QuantTensor,
    Rearrangement,
    Residual,
    Ternary,
    TernaryConv,
)

__all__ = ["Edge", "Emitter"]

_EXACT = 2**24  # single precision holds every integer below


@dataclass(frozen=True, eq=False, kw_only=True)
class Edge(Values):
    """A tensor between two layers, and the values of the network that it follows from.

    Parameters
    ----------
    node, type, sums
        As in :class:`Values`.
    scale : float64 tensor, shape () or (channels,)
        Real number of one unit of the node's values, of each channel's own in front of a norm or
        an activation.
    norms : tuple of Norm
        Still to be applied to it.
    layer : str
        Name of the node that ``sums`` become.
    """

    scale: Tensor
    norms: tuple[Norm, ...] = ()
    layer: str = ""


class Emitter:
    """Nodes of a network so far.

    Parameters
    ----------
    name : str
        Name of the network.
    input : Tensor
        Type of the network's input.
    names : mapping of nn.Module to str
        Name of the node that each layer becomes.
    negated : mapping of str to array of bool, shape (channels,)
        By thresholds, the channels whose weights are to be negated because they fall at another
        width; there may be more of them than the threshold has.

    Attributes
    ----------
    builder : Builder
    falling : dict of str to array of bool, shape (channels,)
        By thresholds, the channels whose weights were negated.
    """

    def __init__(
        self,
        name: str,
        input: network.Tensor,
        names: Mapping[nn.Module, str],
        negated: Mapping[str, np.ndarray] = MappingProxyType({}),
    ):
        self.builder = Builder(name, input)
        self.falling: dict[str, np.ndarray] = {}
        self._names = names
        self._negated = negated

    def input(self, scale: Tensor) -> Edge:
        """The input of the network."""
        return Edge(node=INPUT, type=self.builder.types[INPUT], scale=scale)

    def add(self, name: str, op: Op, *edges: Edge, scale: Tensor | None = None) -> Edge:
        """One more node, whose scale is that of the first input if not given."""
        self.builder.add(name, op, *(self._node(edge) for edge in edges))
        scale = edges[0].scale if scale is None else scale
        return Edge(node=name, type=self.builder.types[name], scale=scale)

    def _node(self, edge: Edge) -> str:
        """The node that an edge comes from, which is added if it has none yet."""
        if edge.sums is None:
            return edge.node
        return self.builder.add(edge.layer, edge.sums.conv, edge.node)

    def emit(self, layer: nn.Module, edge: Edge, path: str) -> Edge:
        """The nodes of ``layer``, called ``path`` in errors, which reads ``edge``."""
        if isinstance(layer, nn.Sequential):
            for index, part in enumerate(layer):
                edge = self.emit(part, edge, f"{path}.{index}")
            return edge
        if isinstance(layer, Norm):
            return self._norm(layer, edge, path)
        if isinstance(layer, Quantize):
            return self._thresholds(layer, edge, layer.scale(), path)
        self._require_codes(edge, layer, path)
        if isinstance(layer, Ternary):
            if layer.bias is not None:
                raise NetworkError(f"{path} has a bias, which belongs in the Norm after it")
            return self._sums(layer, edge)[0]
        if isinstance(layer, Join):
            return self._join(layer, edge, path)
        return self._rearrange(layer, edge, path)

    def classify(self, layer: nn.Module | None, edge: Edge, path: str) -> Edge:
        """The nodes of the last layer, whose results are logits."""
        if not isinstance(layer, Ternary):
            end = "nothing" if layer is None else type(layer).__name__
            raise NetworkError(
                f"a network is exported from a model that ends in TernaryLinear or TernaryConv, "
                f"not in {end}"
            )
        self._require_codes(edge, layer, path)
        if layer.quantizer.per_filter:
            raise NetworkError(
                f"{path} has a scale for each filter, but logits are compared with each other; "
                f"give it one for the layer"
            )
        edge, bias = self._sums(layer, edge)
        return self.add("logits", Logits(bias), edge)

    def _norm(self, layer: Norm, edge: Edge, path: str) -> Edge:
        if layer.channels != edge.channels:
            raise NetworkError(
                f"{path} normalizes {layer.channels} channels, but reads {edge.channels}"
            )
        _, var = layer.statistics
        wrong = ~(var.double() + layer.eps > 0)
        if wrong.any():
            channel = int(wrong.nonzero()[0])
            raise NetworkError(
                f"{path} makes no number of channel {channel}: variance {float(var[channel]):g} "
                f"and eps {layer.eps:g} are not above 0 in sum; train again"
            )
        return dataclasses.replace(edge, norms=(*edge.norms, layer))

    def _sums(self, layer: Ternary, edge: Edge) -> tuple[Edge, np.ndarray]:
        """The accumulators of a layer, and the bias that PyTorch adds to them."""
        name, tensor = self._names[layer], edge.type
        weights, bias, scale = layer.integers(edge.scale)
        bias = np.zeros(layer.outputs) if bias is None else bias.numpy()
        try:
            conv = _conv(layer, weights.to(torch.int64).numpy(), tensor.shape)
            made = conv.infer(tensor)
            sums = Sums(conv, tensor.codes)
        except NetworkError as error:
            raise NetworkError(f"node {name!r}: {error}") from None
        _require_exact(name, *(end + extra for end in sums.bounds() for extra in (0, bias)))
        edge = Edge(node=edge.node, type=made, sums=sums, scale=scale, layer=name)
        return edge, bias.astype(np.int64)

    def _thresholds(self, layer: Quantizer, edge: Edge, scale: Tensor, path: str) -> Edge:
        """A threshold that gives the codes of ``layer`` for everything that ``edge`` can be."""
        codes = layer.codes

        def reference(sums: np.ndarray) -> np.ndarray:
            x = torch.from_numpy(sums).float()
            x = QuantTensor(x, edge.scale, torch.zeros_like(edge.scale))
            for norm in edge.norms:
                x = norm(x)
            values = layer.quantize(x, scale).codes.to(torch.int64).numpy()
            return (values - codes.offset) // codes.step

        name = self._names[layer]
        negated = self._negated[name][: edge.channels] if name in self._negated else None
        try:
            values, op, falling = edge.requantized(reference, codes, negated)
        except NetworkError as error:
            raise NetworkError(f"{path}: {error}") from None
        if values.sums is None and falling.any():
            raise NetworkError(
                f"{path} falls where its codes rise, in channel {np.flatnonzero(falling)[0]}; "
                f"put a layer with weights in front of the Norm"
            )
        self.falling[name] = falling
        return self.add(name, op, values, scale=scale)

    def _join(self, layer: Join, edge: Edge, path: str) -> Edge:
        shortcut = self.emit(layer.shortcut, edge, f"{path}.shortcut")
        self._require_codes(shortcut, layer, path)
        body = self.emit(layer.body, edge, f"{path}.body")
        if layer.quantize is not None:
            body = self._thresholds(layer.quantize, body, shortcut.scale, f"{path}.quantize")
        self._require_codes(body, layer, path)
        if not torch.equal(shortcut.scale, body.scale):
            raise NetworkError(f"the branches of {path} need one scale; give it a QuantizeLike")
        op = Add() if isinstance(layer, Residual) else Concat()
        return self._checked(self.add(self._names[layer], op, shortcut, body))

    def _rearrange(self, layer: nn.Module, edge: Edge, path: str) -> Edge:
        if not isinstance(layer, Rearrangement):
            raise NetworkError(
                f"{path} is {type(layer).__name__}, which belongs in a Residual or Concat"
            )
        height, width, _ = edge.type.shape
        op, scale = layer.operation(height, width), layer.scaled(edge.scale, height, width)
        return self._checked(self.add(self._names[layer], op, edge, scale=scale))

    def _checked(self, edge: Edge) -> Edge:
        codes = edge.type.element
        _require_exact(edge.node, codes.lo, codes.hi)
        return edge

    def _require_codes(self, edge: Edge, layer: nn.Module, path: str) -> None:
        if edge.norms or not isinstance(edge.type.element, Codes):
            raise NetworkError(
                f"{path} ({type(layer).__name__}) reads codes; put a Quantize in front of it"
            )


def _conv(layer: Ternary, weights: np.ndarray, shape: tuple[int, int, int]) -> Conv:
    """The convolution that a layer with these weights is of inputs of ``shape``."""
    bits = layer.quantizer.bits
    if isinstance(layer, TernaryConv):
        kernels = weights.transpose(0, 2, 3, 1)  # channels last
        return Conv(kernels, layer.stride, layer.padding, layer.groups, bits)
    return Dense(weights, shape, bits)


def _require_exact(name: str, *bounds: np.ndarray | int) -> None:
    """Check that single precision is exact for values of node ``name`` within the bounds."""
    largest = max(float(np.abs(bound).max()) for bound in bounds)
    if largest >= _EXACT:
        raise NetworkError(
            f"accumulators of {name} reach {largest:.0f}, but PyTorch is exact below {_EXACT} "
            f"only; use fewer inputs, fewer bits or a smaller bias"
        )
