"""Packing of weights: two bits of each ternary weight, n of each that has n bits."""

import numpy as np

from ..errors import FileFormatError

__all__ = ["pack", "unpack"]

_AT_ONCE = 1 << 16  # weights, a multiple of those that fill bytes


def pack(weights: np.ndarray, bits: int) -> np.ndarray:
    """Weights one behind the other, ``bits`` of each, the lowest first; then bits of 0.

    What is stored of a weight is its distance from the smallest, −(2^(bits − 1) − 1).

    Parameters
    ----------
    weights : array of int, any shape
        Within the range of :class:`~threefold.network.Conv` for ``bits``.
    bits : int
        Width of a weight, 2 to 9.

    Returns
    -------
    array of uint8, shape (bytes,)
    """
    flat = weights.ravel()
    packed = [
        _pack(flat[start : start + _AT_ONCE], bits) for start in range(0, len(flat), _AT_ONCE)
    ]
    return np.concatenate(packed)


def unpack(packed: np.ndarray, bits: int, count: int, what: str) -> np.ndarray:
    """The ``count`` weights that :func:`pack` has packed; ``what`` names them in errors.

    Returns
    -------
    array of int8, or int16 of 9 bits, shape (count,)

    Raises
    ------
    FileFormatError
        If there are more or fewer bytes, bits beyond the weights, or a weight that is out of range.
    """
    kind = "ternary weights" if bits == 2 else f"weights of {bits} bits"
    if packed.dtype != np.uint8 or packed.shape != (-(-count * bits // 8),):
        raise FileFormatError(f"{what} does not hold {count} {kind}")
    weights, spare = np.empty(count, np.int16 if bits > 8 else np.int8), False
    for start in range(0, count, _AT_ONCE):
        part = packed[start * bits // 8 : (start + _AT_ONCE) * bits // 8]
        planes = np.unpackbits(part, bitorder="little").astype(np.int16)
        size = min(_AT_ONCE, count - start)
        stored = planes[: size * bits].reshape(size, bits) @ (1 << np.arange(bits, dtype=np.int16))
        spare |= bool(planes[size * bits :].any() or stored.max() > 2 * _largest(bits))
        weights[start : start + size] = stored - _largest(bits)
    if spare:
        wrong = "not ternary" if bits == 2 else f"out of the range of {bits} bits"
        raise FileFormatError(f"{what} holds weights that are {wrong}")
    return weights


def _pack(weights: np.ndarray, bits: int) -> np.ndarray:
    stored = weights.astype(np.int16) + np.int16(_largest(bits))
    planes = stored[:, None] >> np.arange(bits, dtype=np.int16) & 1
    return np.packbits(planes.astype(bool), bitorder="little")


def _largest(bits: int) -> int:
    return 2 ** (bits - 1) - 1
