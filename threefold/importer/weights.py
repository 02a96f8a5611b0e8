"""Ternary weights, from real ones that are ternary up to the scale of their filter."""

import numpy as np
import onnx

from ..errors import NetworkError
from .nodes import attributes, describe, guarded, shown
from .source import Source

__all__ = ["ternarized", "ternary"]

_LAYERS = ("Conv", "MatMul", "Gemm")
_THRESHOLD = 0.7  # Li, Zhang, Liu, "Ternary weight networks", 2016


def ternary(weights: np.ndarray, node: onnx.NodeProto, source: Source) -> tuple:
    """Codes −1, 0, +1 and a scale for each filter, whose product the weights are.

    Parameters
    ----------
    weights : float32 array, shape (filters, ...)
    node : onnx.NodeProto
        That reads them, for the message.

    Returns
    -------
    codes : int8 array of the shape of ``weights``
    scale : float64 array, shape (filters,)

    Raises
    ------
    NetworkError
        If a filter has weights of two sizes, or one is not finite.
    """
    _require_numbers(weights, node)
    scale = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    if not _is_ternary(weights):
        bits = _bits(node, source)
        levels = max(len(np.unique(row)) for row in weights)
        found = f"{levels} different values" if levels > 3 else "weights of several sizes"
        remedy = "train it with ternary weights, or import with --ternarize"
        if not source.quantized:
            remedy = "the graph has no quantizers at all; train it with ternary weights and codes"
        raise NetworkError(
            f"{describe(node)}: weights are not ternary: a filter has {found}{bits}; {remedy}"
        )
    scale = np.where(scale == 0, 1, scale).astype(np.float64)
    return np.sign(weights).astype(np.int8), scale


def ternarized(source: Source) -> tuple[Source, list[str]]:
    """The same graph with ternary weights, and the names of the layers that had others.

    Li, Zhang, Liu, "Ternary weight networks", 2016: weights beyond 0.7 times the mean size become
    ±1 times the mean size of those; of each filter, in the last layer of all filters.
    """
    layers = [node for node in source.nodes if node.op_type in _LAYERS]
    weights, names = {}, []
    for node in layers:
        with guarded(describe(node)):
            real = source.constant(node.input[1])
            if real is None:
                continue
            first = _filters_first(real, node)
            _require_numbers(real, node)
            if not _is_ternary(first):
                names.append(shown(node.name))
                near = _nearest(first[None] if node is layers[-1] else first)
                near = near[0] if node is layers[-1] else near
                weights[node.input[1]] = _filters_first(near, node)
    return source.replaced(weights), names


def _is_ternary(weights: np.ndarray) -> bool:
    """Whether all weights of a filter, along the first axis, are of one size or 0."""
    size = np.abs(weights).reshape(len(weights), -1)
    return not ((size != 0) & (size != size.max(axis=1, keepdims=True))).any()


def _require_numbers(weights: np.ndarray, node: onnx.NodeProto) -> None:
    if weights.dtype.kind != "f" or not weights.size:
        raise NetworkError(
            f"{describe(node)}: weights are float numbers, not {weights.dtype} of shape "
            f"{weights.shape}"
        )
    if not np.isfinite(weights).all():
        raise NetworkError(f"{describe(node)}: a weight is not finite; train again")


def _filters_first(weights: np.ndarray, node: onnx.NodeProto) -> np.ndarray:
    """Weights of a layer with filters along the first axis, or those again as they were."""
    turned = node.op_type == "MatMul" or (
        node.op_type == "Gemm" and not attributes(node).get("transB", 0)
    )
    return weights.T if turned else weights


def _nearest(weights: np.ndarray) -> np.ndarray:
    size = np.abs(weights.astype(np.float64))
    axes = tuple(range(1, weights.ndim))
    kept = size > _THRESHOLD * size.mean(axis=axes, keepdims=True)
    count = np.maximum(kept.sum(axis=axes, keepdims=True), 1)
    scale = ((size * kept).sum(axis=axes, keepdims=True) / count).astype(np.float32)
    return np.where(kept, np.sign(weights) * scale, 0).astype(np.float32)


def _bits(node: onnx.NodeProto, source: Source) -> str:
    """The width that the graph gives the weights, if a quantizer of theirs says."""
    maker = source.maker(node.input[1])
    while maker is not None:
        if maker.op_type in ("Quant", "IntQuant"):
            bits = source.number(maker.input[3])
            narrow = attributes(maker).get("narrow", 0)
            wide = ", whose range is not narrow" if bits == 2 and not narrow else ""
            return f", quantized to {bits:g} bits{wide}"
        maker = source.maker(maker.input[0]) if maker.input else None
    return ""
