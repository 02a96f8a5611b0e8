"""Builder of an imported network: nodes so far, and codes for edges of the source."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx

from .. import network
from ..errors import NetworkError
from ..network import Codes, Conv, Node, Op, Tensor
from .edge import ALIKE, NO_PADDING, Edge
from .grid import Grid
from .nodes import describe
from .source import Source

__all__ = ["Builder"]

_MOST_THRESHOLDS = 1 << 22


class Builder(network.Builder):
    """A network that is imported, under construction.

    Parameters
    ----------
    name : str
        Name of the network.
    input : Tensor
        Type of the network's input.
    source : Source
    notes : list of str
        What a user should know of the input.

    Attributes
    ----------
    quantized : dict of str to (Edge, Grid)
        By tensors of the source that quantizers made: what they read, the quantizer itself the
        last of its steps, and what they give.
    notes : list of str
        What a user should know.
    """

    def __init__(self, name: str, input: Tensor, source: Source, notes: list[str]):
        super().__init__(name, input)
        self.source = source
        self.notes = notes
        self.quantized: dict[str, tuple[Edge, Grid]] = {}

    def make(self, kind: str, op: Op, *inputs: str, of: onnx.NodeProto) -> str:
        """Add a node of a kind, for the node ``of`` of the source; gives its name."""
        return self.add(self.number(kind), op, *inputs, what=describe(of))

    def node(self, name: str) -> Node | None:
        """The node of a name; None for the input."""
        return next((node for node in self.nodes if node.name == name), None)

    def settled(self, edge: Edge, of: onnx.NodeProto) -> Edge:
        """An edge that is the codes of a node, scaled: what layers read.

        Raises
        ------
        NetworkError
            If it is none, and its steps do not make codes of codes.
        """
        if edge.plain:
            return edge
        if edge.padding != NO_PADDING:
            raise NetworkError(
                f"{describe(of)} reads a padded map; only convolutions read the zeros of a Pad"
            )
        if edge.sums is not None:
            raise NetworkError(
                f"{describe(of)} reads real numbers; put a quantizer of activations in front of it"
            )
        if edge.pools:
            return self._pooled(edge, of)
        values = edge.all_values()
        results = edge.results(self.source, values).astype(np.float64)
        scale, shift = _line(values, results)
        near = np.abs(scale - edge.scale) <= ALIKE * np.abs(edge.scale)
        scale = np.where(near, edge.scale, scale)  # nothing was scaled, but numbers were rounded
        if np.ptp(scale) <= ALIKE * np.abs(scale).max():  # rounded apart by shifts of channels
            scale = np.full(len(scale), np.median(scale))
        error = np.abs(results - (values * scale + shift)).max()
        if scale.all() and error <= ALIKE * np.abs(results).max():
            fitted = edge.fitted or not near.all()
            return replace(edge, scale=scale, shift=shift, steps=(), fitted=fitted)
        return self._codes_again(edge, values, results, of)

    def _pooled(self, edge: Edge, of: onnx.NodeProto) -> Edge:
        """Codes of codes that go through maxima, and through steps between."""
        made, first = replace(edge, type=self.types[edge.node], steps=(), pools=()), 0
        for count, op, _ in edge.pools:
            made = self.settled(replace(made, steps=edge.steps[first:count]), of)
            made, first = self._rising(made, of), count
            name = self.make("pool", op, made.node, of=of)
            made = replace(made, node=name, type=self.types[name])
        return self.settled(replace(made, steps=edge.steps[first:]), of)

    def _rising(self, edge: Edge, of: onnx.NodeProto) -> Edge:
        """The same real numbers by codes that rise with them."""
        falls, codes = edge.scale < 0, edge.type.codes
        if not falls.any():
            return edge

        def reference(values: np.ndarray) -> np.ndarray:
            found = (values - codes.offset) // codes.step
            return np.where(falls, codes.max_code - found, found)

        node = self.threshold(edge, reference, codes, of)
        shift = np.where(falls, edge.shift + edge.scale * (codes.lo + codes.hi), edge.shift)
        return replace(
            edge, node=node, type=self.types[node], scale=np.abs(edge.scale), shift=shift
        )

    def _codes_again(
        self, edge: Edge, values: np.ndarray, results: np.ndarray, of: onnx.NodeProto
    ) -> Edge:
        """Codes of the same scale for steps that bend, such as a ReLU of signed codes."""
        found = np.rint((results - edge.shift) / edge.scale)
        error = np.abs(results - (found * edge.scale + edge.shift)).max()
        lo, hi = int(found.min()), int(found.max())
        last = edge.steps[-1].node
        if hi == lo:
            raise NetworkError(
                f"{describe(of)} reads what {describe(last)} makes of codes, which is the same "
                f"number for all of them; train again"
            )
        if error > ALIKE * np.abs(results).max() or hi - lo > 255:
            if last is of:
                raise NetworkError(
                    f"{describe(of)}: the output bends codes; end in the codes, and leave the "
                    f"function to the host"
                )
            raise NetworkError(
                f"{describe(of)} reads what {describe(last)} makes of codes, which are none of the "
                f"same scale; put a quantizer of activations behind it"
            )

        def reference(rows: np.ndarray) -> np.ndarray:
            real = edge.results(self.source, rows)
            return np.rint((real - edge.shift) / edge.scale).astype(np.int64) - lo

        node = self.threshold(edge, reference, Codes(hi - lo, offset=lo), of)
        return replace(edge, node=node, type=self.types[node], steps=())

    def threshold(
        self,
        edge: Edge,
        reference: Callable[[np.ndarray], np.ndarray],
        codes: Codes,
        of: onnx.NodeProto,
    ) -> str:
        """The node that gives the codes of ``reference`` for all that ``edge`` can be."""
        if edge.sums is None and codes == edge.type.element and _same(edge, reference):
            return edge.node
        if edge.channels * codes.max_code > _MOST_THRESHOLDS:
            raise NetworkError(
                f"{describe(of)} has {edge.channels} channels of {codes.max_code + 1} codes, whose "
                f"thresholds no small FPGA holds"
            )
        edge, threshold, falling = edge.requantized(reference, codes)
        node = edge.node
        if edge.sums is not None:
            node = self.make(edge.layer, edge.sums.conv, node, of=of)
        elif falling.any():
            turned = np.where(falling, -1, 1)[:, None, None, None]
            node = self.make("turn", Conv(turned, groups=edge.channels), node, of=of)
        return self.make("act", threshold, node, of=of)


def _same(edge: Edge, reference: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether each code of an edge stays itself."""
    values = edge.type.codes.values[:, None].repeat(edge.channels, axis=1)
    rows = max(1, _MOST_THRESHOLDS // edge.channels)
    return all(
        (np.arange(first, len(values))[:rows] == reference(values[first : first + rows]).T).all()
        for first in range(0, len(values), rows)
    )


def _line(values: np.ndarray, results: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift through the first and the last point."""
    scale = (results[-1] - results[0]) / (values[-1] - values[0])
    return scale, results[0] - values[0] * scale
