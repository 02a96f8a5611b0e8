"""Units of weights: the real numbers that weights are whole multiples of."""

import numpy as np
import onnx

from .edge import ROUNDING
from .nodes import RESHAPED, SAME, attributes
from .source import Source

__all__ = ["MOST", "common_unit", "multiples", "stated_units"]

MOST = 255
"""Largest multiple, of 9 bits; −128 of an 8-bit quantizer is one."""

_NEAR = 4 * ROUNDING  # relative, of numbers that single precision has rounded a few times
_MOVES = (*SAME, *RESHAPED, "Transpose")


def stated_units(source: Source, tensor: str) -> np.ndarray | None:
    """The scale of each weight, as the quantizer that made the weights states it.

    Parameters
    ----------
    source : Source
    tensor : str
        Weights, as a layer reads them: quantized, and then transposed or reshaped at most.

    Returns
    -------
    float array of the shape of the weights, or None
        None if no ``Quant`` or ``DequantizeLinear`` made them.
    """
    node, moves = source.maker(tensor), []
    while node is not None and node.op_type in _MOVES:
        moves.append(node)
        node = source.maker(node.input[0])
    if node is None or node.op_type not in ("Quant", "IntQuant", "DequantizeLinear"):
        return None
    made = source.constant(node.output[0])
    scale = None if made is None else _scale(source, node, np.ndim(made))
    if made is None or scale is None:
        return None
    units = np.broadcast_to(scale, made.shape)
    for move in reversed(moves):
        units = source.evaluate(move, {move.input[0]: np.ascontiguousarray(units)})[0]
    return units


def common_unit(weights: np.ndarray) -> float | None:
    """The largest unit of which weights are whole multiples of at most 255.

    Parameters
    ----------
    weights : float array, any shape
        Rounded to single precision a few times.

    Returns
    -------
    float or None
        None if there is no such unit; 1 if all weights are 0.
    """
    sizes = np.unique(np.abs(weights.astype(np.float64)))
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 1.0
    if sizes.size > MOST:
        return None
    units = sizes[-1] / np.arange(1, MOST + 1)
    fits = _near(sizes, units[:, None]).all(axis=1)
    return float(units[fits.argmax()]) if fits.any() else None


def multiples(weights: np.ndarray, units: np.ndarray | float) -> bool:
    """Whether each weight is a whole multiple of its unit, positive, and below 2²⁴."""
    real, units = weights.astype(np.float64), np.asarray(units, np.float64)
    if not (np.isfinite(units) & (units > 0)).all():
        return False
    small = np.abs(real) < units / ROUNDING
    return bool((small & _near(real, units)).all())


def _near(real: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Whether numbers are multiples of their units, up to rounding."""
    return np.abs(np.rint(real / units) * units - real) <= _NEAR * np.abs(real)


def _scale(source: Source, node: onnx.NodeProto, rank: int) -> np.ndarray | None:
    """The scale of a quantizer, of a shape that broadcasts to what it makes."""
    scale = source.constant(node.input[1])
    if scale is None or node.op_type != "DequantizeLinear" or scale.size == 1:
        return scale if scale is None or scale.size > 1 else scale.reshape(())
    given = attributes(node)
    if scale.ndim != 1 or given.get("block_size", 0):
        return None
    axis = given.get("axis", 1) % rank
    return scale.reshape([-1 if each == axis else 1 for each in range(rank)])
