"""Step: a function of single elements in the source, the same for all of a channel."""

from dataclasses import dataclass

import numpy as np
import onnx

from ..errors import NetworkError
from .nodes import attributes, describe
from .source import Source

__all__ = ["Step"]

_AXES = {"NCHW": (-1, 1, 1), "NHWC": (1, 1, -1), "NCW": (-1, 1), "NWC": (1, -1)}
_OWN_CHANNELS = ("BatchNormalization", "MultiThreshold")
_GUESSED = {3: "NWC", 4: "NCHW"}  # by qonnx, where a MultiThreshold states no layout


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """A node of the source, as a function of elements.

    Parameters
    ----------
    node : onnx.NodeProto
    layout : str
        Axes of what it reads, as in :class:`~threefold.importer.edge.Edge`.
    channels : int
        Of what it reads; 1 for a vector of a map, whose positions have only scalars in common.
    order : array of int, shape (channels,), optional
        For a vector: where in the network's order each element of the source is.
    """

    node: onnx.NodeProto
    layout: str
    channels: int
    order: np.ndarray | None = None

    def apply(self, source: Source, real: np.ndarray) -> np.ndarray:
        """What the source makes of numbers (rows, columns), of any type.

        Columns are in the network's order: those of one or several pixels, channel by channel.

        Raises
        ------
        NetworkError
            If constants differ between positions of a map, or the result is NaN, or of another
            size.
        """
        order = np.arange(self.channels) if self.order is None else self.order
        pixels = real.reshape(-1, self.channels)[:, order]
        (name,) = source.reads(self.node)
        values = {name: np.ascontiguousarray(pixels.reshape(self._shape(len(pixels))))}
        result = source.evaluate(self.node, values | self._constants(source))[0]
        if result.size != real.size:
            raise NetworkError(
                f"{describe(self.node)} gives {result.size} numbers for {real.size}; its constants "
                f"are damaged"
            )
        if np.isnan(result).any():
            raise NetworkError(f"{describe(self.node)} gives NaN; its constants are damaged")
        return result.reshape(pixels.shape)[:, np.argsort(order)].reshape(real.shape)

    def misfit(self, source: Source) -> tuple[int, ...] | None:
        """Shape of the first constant that differs between positions of a map, if one does."""
        for name, value in self._stored(source):
            if self._fitted(name, value) is None:
                return value.shape
        return None

    def _shape(self, pixels: int) -> tuple[int, ...]:
        """Shape of single pixels in the axes of the source."""
        axes = _AXES.get(self.layout, (-1,))
        return (pixels, *(self.channels if axis < 0 else 1 for axis in axes))

    def _stored(self, source: Source) -> list[tuple[str, np.ndarray]]:
        values = [(name, source.constant(name)) for name in self.node.input if name]
        return [(name, value) for name, value in values if value is not None]

    def _constants(self, source: Source) -> dict[str, np.ndarray]:
        """Constants as single pixels need them."""
        found = {}
        for name, value in self._stored(source):
            fitted = self._fitted(name, value)
            if fitted is None:
                raise NetworkError(f"{describe(self.node)}{self._problem(value)}")
            found[name] = fitted
        return found

    def _problem(self, value: np.ndarray) -> str:
        """Why a constant fits no single pixel, and what to do."""
        if self.node.op_type == "MultiThreshold" and self.layout != "NF":
            axis = self.layout[self._channel_axis()]
            if axis != "C":
                return (
                    f" has {len(value)} rows of thresholds along axis {axis} of {self.layout}, as "
                    f"qonnx understands its data_layout; state the layout {self.layout}"
                )
        return (
            f": a constant of shape {value.shape} differs between positions of a map, which is "
            f"not supported; use one for each channel"
        )

    def _fitted(self, name: str, value: np.ndarray) -> np.ndarray | None:
        """A constant for single pixels, or None if it differs between them."""
        shape = self._shape(1)
        if self.node.op_type in _OWN_CHANNELS:
            return _rows(value, shape[self._channel_axis()], self.node)
        if len(value.shape) > len(shape):
            return None
        if self.layout == "NF" and self.channels == 1 and value.size:
            return value.reshape(-1)[:1].reshape((1,) * value.ndim) if _equal(value) else None
        padded = value.reshape((1,) * (len(shape) - value.ndim) + value.shape)
        for axis, size in enumerate(shape):
            if padded.shape[axis] not in (1, size):
                first = padded.take([0], axis)
                if axis == 0 or size != 1 or not (padded == first).all():
                    return None
                padded = first
        return padded.reshape(padded.shape[len(shape) - value.ndim :])

    def _channel_axis(self) -> int:
        """The axis along which the node has a constant for each channel."""
        if self.node.op_type != "MultiThreshold" or self.layout == "NF":
            return 1
        stated = attributes(self.node).get("data_layout") or _GUESSED[len(self.layout)]
        return stated.index("C") if "C" in stated else 1


def _rows(value: np.ndarray, size: int, node: onnx.NodeProto) -> np.ndarray | None:
    """A constant with a row for each of ``size`` channels, or None."""
    if value.shape[:1] == (size,):
        return value
    if not value.ndim or not len(value) or not (value == value[:1]).all():
        return None
    return value[:1] if node.op_type == "MultiThreshold" else value[:1].repeat(size, axis=0)


def _equal(value: np.ndarray) -> bool:
    return bool((value == value.flat[0]).all())
