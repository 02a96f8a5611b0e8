"""Layer graph of a model: layers in the order of computation, and names of their nodes."""

from collections.abc import Iterator

from torch import nn

from threefold.errors import NetworkError

from ..layers import (
    Concat,
    Convolution,
    Join,
    Norm,
    Product,
    Quantize,
    QuantizeLike,
    Rearrangement,
    Residual,
    TernaryConv,
    TernaryLinear,
)
from ..models import Model

__all__ = ["names", "walk", "weighted"]

_KINDS: dict[type[nn.Module], str] = {
    TernaryConv: "conv",
    TernaryLinear: "fc",
    Quantize: "act",
    QuantizeLike: "act",
    Residual: "add",
    Concat: "concat",
}


def walk(model: Model) -> Iterator[tuple[str, nn.Module]]:
    """Each layer with its path such as ``layers.3.body.0``, after those that it reads.

    Of two branches the shortcut comes first, since its scale is that of both.
    """
    yield from _walk("layers", model.layers)


def names(model: Model) -> dict[nn.Module, str]:
    """Names of the nodes that layers become: ``conv1``, ``act1``, ``pool1``, ``fc1``, ….

    Raises
    ------
    NetworkError
        If a layer is of another kind, or is used twice.
    """
    found: dict[nn.Module, str] = {}
    counts: dict[str, int] = {}
    for path, layer in walk(model):
        kind = _kind(layer, path)
        if layer in found:
            raise NetworkError(f"{path} is the layer of {found[layer]} again; use a copy of it")
        if kind is not None:
            found[layer] = _numbered(kind, counts)
    return found


def weighted(model: Model) -> dict[str, Product]:
    """Layers with weights by the names of :func:`names`, of a float model as well."""
    found: dict[str, Product] = {}
    counts: dict[str, int] = {}
    for _, layer in walk(model):
        if isinstance(layer, Product):
            kind = _KINDS[TernaryConv if isinstance(layer, Convolution) else TernaryLinear]
            found[_numbered(kind, counts)] = layer
    return found


def _kind(layer: nn.Module, path: str) -> str | None:
    """What the node of a layer is named after; None for one that has no node of its own."""
    if isinstance(layer, Rearrangement):
        return layer.node
    for base, kind in _KINDS.items():
        if isinstance(layer, base):
            return kind
    if isinstance(layer, Norm):
        return None
    bases = [*_KINDS, Norm, *Rearrangement.__subclasses__()]
    raise NetworkError(
        f"{path} is {type(layer).__name__}, which no network has; a network is made of "
        f"{', '.join(base.__name__ for base in bases)}"
    )


def _numbered(kind: str, counts: dict[str, int]) -> str:
    counts[kind] = counts.get(kind, 0) + 1
    return f"{kind}{counts[kind]}"


def _walk(path: str, layer: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(layer, nn.Sequential):
        for index, part in enumerate(layer):
            yield from _walk(f"{path}.{index}", part)
        return
    if isinstance(layer, Join):
        yield from _walk(f"{path}.shortcut", layer.shortcut)
        yield from _walk(f"{path}.body", layer.body)
        if layer.quantize is not None:
            yield f"{path}.quantize", layer.quantize
    yield path, layer
