"""From the nodes of a network to the steps of a dataflow."""

from dataclasses import replace
from math import prod

import numpy as np

from ..errors import PlanError
from ..network import (
    INPUT,
    Add,
    ArgMax,
    Concat,
    Conv,
    Flatten,
    Logits,
    MaxPool,
    Network,
    Node,
    PadChannels,
    SumPool,
    Threshold,
)
from .layer import Layer, covers, layer_of
from .steps import ConcatStep, PadStep, Pool, Requantize, Step, Sum
from .window import Window

__all__ = ["lower"]


def lower(network: Network) -> tuple[tuple[Layer | Step, ...], bool]:
    """The steps of a network in order, and whether it ends in arg-max.

    A convolution and what finishes its sums become one :class:`Layer`; flattening changes no
    stream and disappears.

    Raises
    ------
    PlanError
        If the network holds something no hardware computes.
    """
    nodes = list(network.nodes)
    argmax = isinstance(nodes[-1].op, ArgMax)
    if argmax:
        nodes.pop()
        if not nodes or not isinstance(nodes[-1].op, Logits):
            raise PlanError(f"arg-max of {network.name!r} must read logits; put Logits before it")
    lowering = _Lowering(network)
    for node in nodes:
        lowering.add(node)
    if not lowering.steps:
        raise PlanError(f"{network.name!r} computes nothing; give it a layer")
    return tuple(lowering.steps), argmax


class _Lowering:
    def __init__(self, network: Network):
        self.network = network
        self.steps: list[Layer | Step] = []
        self._alias = {INPUT: INPUT}
        self._sums: dict[str, Node] = {}

    def add(self, node: Node) -> None:
        op = node.op
        if isinstance(op, Conv):
            self._open(node)
        elif isinstance(op, Flatten):
            self._alias[node.name] = self._source(node.inputs[0])
        elif node.inputs[0] in self._sums:
            self._finish(node)
        else:
            self._alias[node.name] = node.name
            self.steps.append(self._step(node))

    def _open(self, node: Node) -> None:
        readers = self.network.consumers(node.name)
        if len(readers) != 1 or not isinstance(readers[0].op, Threshold | Logits):
            raise PlanError(
                f"no engine computes the bare sums of {node.name!r}; put one Threshold or "
                f"Logits after it"
            )
        self._sums[node.name] = node

    def _finish(self, node: Node) -> None:
        conv = self._sums[node.inputs[0]]
        source = conv.inputs[0]
        tensor = self.network.types[source]
        if isinstance(node.op, Logits) and any(
            not isinstance(reader.op, ArgMax) for reader in self.network.consumers(node.name)
        ):
            raise PlanError(f"logits {node.name!r} must be the end, or be read by arg-max only")
        layer = layer_of(conv.name, node.name, self._source(source), conv.op, node.op, tensor)
        self._alias[node.name] = node.name
        self.steps.append(layer)

    def _read_flat(self, name: str) -> bool:
        """Whether all that read a map take it for the vector of its elements."""
        shape, readers = self.network.types[name].shape, self.network.consumers(name)
        flat = (
            self._read_flat(node.name)
            if isinstance(node.op, Flatten)
            else isinstance(node.op, Conv) and covers(node.op, shape)
            for node in readers
        )
        return bool(readers) and all(flat)

    def _source(self, name: str) -> str:
        """The node on whose stream the values of ``name`` travel."""
        return self._alias[name]

    def _step(self, node: Node) -> Step:
        op, types = node.op, self.network.types
        out = types[node.name]
        sources = tuple(self._source(name) for name in node.inputs)
        tensors = [types[name] for name in node.inputs]
        codes = tuple(tensor.element for tensor in tensors)
        shapes = tuple(tensor.shape for tensor in tensors)
        parts = (node.name, sources, codes, out.element, out.shape, shapes)
        match op:
            case MaxPool():
                window = Window(tensors[0].shape, op.kernel, op.stride, op.padding)
                return Pool(*parts, window, total=False)
            case SumPool():
                return Pool(*parts, Window(tensors[0].shape, op.kernel, op.stride), total=True)
            case Add():
                return Sum(*parts)
            case Concat():
                return ConcatStep(*parts)
            case PadChannels():
                return PadStep(*parts, op.before, op.after)
            case Threshold():
                step = Requantize(*parts, _code_levels(op.levels, codes[0]))
                return _flat(step) if self._read_flat(node.name) else step
            case _:
                raise PlanError(f"no hardware computes {node.name!r} ({op.kind})")


def _flat(step: Requantize) -> Requantize:
    """The same codes in the same order, as channels of one pixel, so that more pass at once."""
    shape = (1, 1, prod(step.shape))
    levels = np.tile(step.levels, (step.pixels, 1))
    return replace(step, shape=shape, in_shapes=(shape,), levels=levels)


def _code_levels(levels: np.ndarray, codes) -> np.ndarray:
    """Levels of values as levels of codes, within 0…largest code + 1."""
    return np.clip(-(-(levels - codes.offset) // codes.step), 0, codes.max_code + 1)
