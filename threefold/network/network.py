"""The contract between the parts: an exact integer computation as a graph."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import NetworkError
from .op import Op
from .types import Tensor

__all__ = ["INPUT", "Network", "Node"]

INPUT = "input"
"""Name by which nodes refer to the input of the network."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Node:
    """One operation of a network and where its inputs come from.

    Parameters
    ----------
    name : str
        Unique; lower case letters, digits and underscores, as it names hardware too.
    op : Op
    inputs : tuple of str
        Names of earlier nodes, or ``"input"``.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """A network of integers: nodes in the order of computation, the last one its output.

    Parameters
    ----------
    name : str
    input : Tensor
        Type of one image; its elements are codes.
    nodes : sequence of Node
    provenance : mapping
        Where the network comes from, as JSON values: tool versions, seed, accuracy, data.

    Attributes
    ----------
    types : mapping of str to Tensor
        Type of the input and of each node's output, by name.

    Raises
    ------
    NetworkError
        If the graph is not well formed or types do not fit; the message names the node.
    """

    name: str
    input: Tensor
    nodes: Sequence[Node]
    provenance: Mapping = field(default_factory=dict)
    types: Mapping[str, Tensor] = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "nodes", tuple(self.nodes))
        object.__setattr__(self, "types", MappingProxyType(self._infer()))

    @classmethod
    def chain(
        cls, name: str, input: Tensor, ops: Sequence[tuple[str, Op]], provenance=None
    ) -> "Network":
        """A network without branches, from named operations in order."""
        sources = [INPUT, *(name for name, _ in ops)]
        nodes = [
            Node(node, op, (source,)) for source, (node, op) in zip(sources, ops, strict=False)
        ]
        return cls(name, input, nodes, provenance or {})

    @property
    def output(self) -> Node:
        """The last node."""
        return self.nodes[-1]

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Nodes that read the output of node ``name``."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def _infer(self) -> dict[str, Tensor]:
        _require_name("network", self.name)
        if not self.nodes:
            raise NetworkError("a network needs at least one node")
        types = {INPUT: self.input}
        for node in self.nodes:
            _require_name("node", node.name)
            if node.name in types:
                raise NetworkError(f"two nodes are named {node.name!r}; names must be unique")
            for source in node.inputs:
                if source not in types:
                    raise NetworkError(
                        f"node {node.name!r} reads {source!r}, which is not an earlier node"
                    )
            if len(node.inputs) != node.op.arity:
                raise NetworkError(
                    f"node {node.name!r} takes {node.op.arity} input(s), not {len(node.inputs)}"
                )
            try:
                types[node.name] = node.op.infer(*(types[source] for source in node.inputs))
            except NetworkError as error:
                raise NetworkError(f"node {node.name!r}: {error}") from None
        for name in list(types)[:-1]:
            if not self.consumers(name):
                raise NetworkError(f"nothing reads the output of {name!r}; remove it or use it")
        return types


def _require_name(what: str, name) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise NetworkError(
            f"{what} names are lower case letters, digits and _, a letter first, not {name!r}"
        )
