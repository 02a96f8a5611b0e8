"""Lowering: from the nodes of a network to the layers that hardware computes."""

from collections.abc import Sequence
from dataclasses import replace

from ...errors import PlanError
from ...network import INPUT, ArgMax, Conv, Flatten, Logits, Network, Node, Threshold, embedded
from .conv import conv_layer, covers
from .layer import Layer, layer_of
from .widths import with_widths

__all__ = ["lower"]


def lower(network: Network, widths: Sequence[str] = ()) -> tuple[Layer, ...]:
    """The layers of a network in order.

    A convolution and what finishes its sums become one :class:`ConvLayer`; flattening changes
    no stream and disappears.

    Parameters
    ----------
    network : Network
    widths : sequence of str
        Narrower widths of the network that hardware computes as well.

    Raises
    ------
    PlanError
        If the network holds something no hardware computes.
    NetworkError
        If there is no such width, or it pads channels where the whole has others.
    """
    whole = _lowered(network)
    if not widths:
        return whole
    return with_widths(whole, [_lowered(embedded(network, width)) for width in widths])


def _lowered(network: Network) -> tuple[Layer, ...]:
    lowering = _Lowering(network)
    for node in network.nodes:
        lowering.add(node)
    if not lowering.layers:
        raise PlanError(f"{network.name!r} computes nothing; give it a layer")
    return tuple(lowering.layers)


class _Lowering:
    def __init__(self, network: Network):
        self.network = network
        self.layers: list[Layer] = []
        self._streams = {INPUT: INPUT}  # node whose stream carries the values of each node
        self._elements = {INPUT: network.input.element}  # of each stream, as hardware gives them
        self._sums: dict[str, tuple[Conv, str]] = {}  # and what it reads
        self._readers: dict[str, list[Node]] = {name: [] for name in network.types}
        for node in network.nodes:
            for source in dict.fromkeys(node.inputs):
                self._readers[source].append(node)

    def add(self, node: Node) -> None:
        op = node.op
        if isinstance(op, Conv):
            self._require_finish(node)
            self._sums[node.name] = op, node.inputs[0]
        elif isinstance(op, Flatten):
            self._streams[node.name] = self._streams[node.inputs[0]]
        else:
            self._streams[node.name] = node.name
            if node.inputs[0] in self._sums and isinstance(op, Threshold | Logits):
                self.layers.append(self._finished(node, op))
            else:
                self.layers.append(self._layer(node))
            self._elements[node.name] = self.layers[-1].output.element

    def _require_finish(self, node: Node) -> None:
        readers = self._readers[node.name]
        if len(readers) != 1 or not isinstance(readers[0].op, Threshold | Logits):
            raise PlanError(
                f"no engine computes the bare sums of {node.name!r}; put one Threshold or "
                f"Logits after it"
            )

    def _finished(self, node: Node, finish: Threshold | Logits) -> Layer:
        """The layer of a convolution, of which ``node`` finishes the sums."""
        (name,), types = node.inputs, self.network.types
        (conv, source), readers = self._sums[name], self._readers[node.name]
        if isinstance(finish, Logits) and any(not isinstance(r.op, ArgMax) for r in readers):
            raise PlanError(f"logits {node.name!r} must be the end, or be read by arg-max only")
        return conv_layer(
            name,
            node.name,
            self._streams[source],
            conv,
            finish,
            types[source],
            types[node.name],
        )

    def _layer(self, node: Node) -> Layer:
        if isinstance(node.op, ArgMax) and node is not self.network.output:
            raise PlanError(f"arg-max {node.name!r} must be the end; nothing in hardware reads it")
        types = self.network.types
        sources = tuple(self._streams[name] for name in node.inputs)
        inputs = tuple(
            replace(types[name], element=self._elements[self._streams[name]])
            for name in node.inputs
        )
        parts = (node.name, node.name, sources, inputs, types[node.name])
        return layer_of(node.op, parts, self._read_flat(node.name))

    def _read_flat(self, name: str) -> bool:
        """Whether all that read a map take it for the vector of its elements."""
        waiting = [name]
        while waiting:
            name = waiting.pop()
            shape, readers = self.network.types[name].shape, self._readers[name]
            for node in readers:
                if isinstance(node.op, Flatten):
                    waiting.append(node.name)
                elif not (isinstance(node.op, Conv) and covers(node.op, shape)):
                    return False
            if not readers:
                return False
        return True
