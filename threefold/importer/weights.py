"""Weights of layers: integers of a few bits, and the scale of each filter."""

from dataclasses import dataclass

import numpy as np
import onnx

from ..errors import NetworkError
from .nodes import attributes, describe, guarded, shown
from .source import Source
from .units import MOST, common_unit, multiples

__all__ = ["Weights", "integers", "ternarized"]

_LAYERS = ("Conv", "MatMul", "Gemm")
_THRESHOLD = 0.7  # Li, Zhang, Liu, "Ternary weight networks", 2016


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of a layer: the integers ``codes``, times the scale of their filter.

    Parameters
    ----------
    codes : array of int, shape (filters, ...)
    scale : float64 array, shape (filters,)
    bits : int
        Width of a code, as in :class:`~threefold.network.Conv`: 2 to 9.
    """

    codes: np.ndarray
    scale: np.ndarray
    bits: int = 2


def integers(
    weights: np.ndarray, units: np.ndarray | None, node: onnx.NodeProto, source: Source
) -> Weights:
    """Integers and a scale for each filter, whose product the weights are.

    Weights that are −s, 0, +s in each filter are ternary. The scale of others is the one that their
    quantizer states, or the largest of which the whole layer, or else each filter, has multiples.

    Parameters
    ----------
    weights : float32 array, shape (filters, ...)
    units : float array of the same shape, or None
        Scale of each weight, where a quantizer states it.
    node : onnx.NodeProto
        That reads them, for the message.

    Raises
    ------
    NetworkError
        If the weights of a filter are no multiples of one scale, need more than 9 bits, or one is
        not finite.
    """
    _require_numbers(weights, node)
    size = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    if _is_ternary(weights):
        scale = np.where(size == 0, 1, size).astype(np.float64)
        return Weights(np.sign(weights).astype(np.int8), scale)
    rows = weights.reshape(len(weights), -1)
    scale = _stated(rows, units)
    scale = _common(rows, node, source) if scale is None else scale
    codes = np.rint(rows / scale[:, None]).astype(np.int64)
    lo, hi = int(codes.min()), int(codes.max())
    if max(-lo, hi) > MOST:
        raise NetworkError(
            f"{describe(node)}: weights are {lo}…{hi} times their scale, and must be within "
            f"-{MOST}…{MOST}; train it with weights of at most 8 bits, or import with --ternarize"
        )
    return Weights(codes.reshape(weights.shape), scale, max(-lo, hi).bit_length() + 1)


def _stated(rows: np.ndarray, units: np.ndarray | None) -> np.ndarray | None:
    """The scale that is stated for each filter, if it is one, and its weights are multiples."""
    if units is None:
        return None
    units = units.reshape(rows.shape)
    one = (units == units[:, :1]).all() and multiples(rows, units)
    return units[:, 0].astype(np.float64) if one else None


def _common(rows: np.ndarray, node: onnx.NodeProto, source: Source) -> np.ndarray:
    """The scale of each filter that its weights are multiples of, the same for all if possible."""
    if (unit := common_unit(rows)) is not None:
        return np.full(len(rows), unit)
    found = [common_unit(row) for row in rows]
    if None not in found:
        return np.array(found, np.float64)
    remedy = "train it with weights of at most 8 bits, or import with --ternarize"
    if not source.quantized:
        remedy = "the graph has no quantizers at all; train it with weights and codes of few bits"
    raise NetworkError(
        f"{describe(node)}: weights of filter {found.index(None)} are not whole multiples, up to "
        f"{MOST}, of one scale; {remedy}"
    )


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
