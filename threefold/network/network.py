"""Network: an exact integer computation as a graph, which all parts of Threefold share."""

import json
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..errors import NetworkError
from ..html import html_table
from .conv import Conv
from .kept import Kept
from .op import Op
from .types import Codes, Tensor
from .width import Width

__all__ = ["INPUT", "MAX_WIDTH_NAME", "Network", "Node", "is_name"]

INPUT = "input"
"""Name by which nodes refer to the input of the network."""

_MAX_DEPTH = 32  # of the provenance
_MAX_WIDTHS = 16
_MAX_NAME = 64

MAX_WIDTH_NAME = _MAX_NAME // 2
"""Letters of the name of a width, which ends that of the network at it."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Node:
    """One operation of a network, and its inputs.

    Parameters
    ----------
    name : str
        Unique; lower case letters, digits and underscores, as it names hardware too.
    op : Op
    inputs : tuple of str
        Names of earlier nodes, or ``"input"``.

    Raises
    ------
    NetworkError
        If the name is not of that form, or an input is not a string.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]

    def __post_init__(self):
        _require_name("node", self.name)
        if not isinstance(self.op, Op):
            raise NetworkError(
                f"node {self.name!r} needs an operation, not {reprlib.repr(self.op)}"
            )
        inputs = self.inputs
        if not isinstance(inputs, list | tuple) or not all(isinstance(i, str) for i in inputs):
            raise NetworkError(
                f"inputs of node {self.name!r} must be names, not {reprlib.repr(inputs)}"
            )
        object.__setattr__(self, "inputs", tuple(inputs))


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A network of integers: nodes in the order of computation, the last one its output.

    Networks are equal whose files hold the same: name, input, nodes with their operations and
    arrays, provenance, and widths.

    Parameters
    ----------
    name : str
    input : Tensor
        Type of one image; its elements are codes.
    nodes : sequence of Node
    provenance : mapping
        Where the network comes from, as JSON values: tool versions, seed, accuracy, data.
        Read-only afterwards.
    widths : mapping of str to Width
        Narrower networks within this one, by name; see :meth:`at`.

    Attributes
    ----------
    types : mapping of str to Tensor
        Type of the input and of each node's output, by name.

    Raises
    ------
    NetworkError
        If the graph is not well formed, types do not fit (the message names the node), a width
        does not fit the network, or the provenance is not plain JSON.
    """

    name: str
    input: Tensor
    nodes: Sequence[Node]
    provenance: Mapping = field(default_factory=dict)
    widths: Mapping[str, Width] = field(default_factory=dict)
    types: Mapping[str, Tensor] = field(init=False, repr=False)

    def __post_init__(self):
        _require_name("network", self.name)
        object.__setattr__(self, "nodes", tuple(self.nodes))
        object.__setattr__(self, "provenance", MappingProxyType(_plain(self.provenance)))
        object.__setattr__(self, "types", MappingProxyType(self._infer()))
        object.__setattr__(self, "widths", MappingProxyType(_checked(self.widths)))
        for name in self.widths:
            self._at(name, {})

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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return self._content == other._content

    def __hash__(self):
        return hash((self.name, self.input, self.nodes, frozenset(self.widths.items())))

    @property
    def _content(self) -> tuple:
        """What a file holds; 1, 1.0 and True are not the same there."""
        provenance = json.dumps(dict(self.provenance), sort_keys=True)
        return self.name, self.input, self.nodes, dict(self.widths), provenance

    def __repr__(self):
        widths = f", widths {', '.join(self.widths)}" if self.widths else ""
        return f"<Network {self._summary}{widths}>"

    def _repr_html_(self) -> str:
        rows: list[list[object]] = [[INPUT, None, None, *_described(self.input), None, None]]
        for node in self.nodes:
            weights = node.op.weights if isinstance(node.op, Conv) else None
            counts = [None, None] if weights is None else [weights.size, int((weights == 0).sum())]
            type = _described(self.types[node.name])
            rows.append([node.name, node.op.kind, ", ".join(node.inputs), *type, *counts])
        columns = ("node", "operation", "reads", "shape", "elements", "weights", "zeros")
        return html_table(f"Network {self._summary}", columns, rows)

    @property
    def _summary(self) -> str:
        """Name and size in one line."""
        weights = sum(node.op.weights.size for node in self.nodes if isinstance(node.op, Conv))
        nodes = f"{len(self.nodes)} node{'s' if len(self.nodes) > 1 else ''}"
        return f"{self.name}: {self.input}, {nodes}, {weights:,} weights"

    @property
    def output(self) -> Node:
        """The last node."""
        return self.nodes[-1]

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Nodes that read the output of node ``name``."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def at(self, name: str) -> "Network":
        """The narrower network of a width, as a network without widths.

        It has the nodes of this one by the same names. Its own name ends in that of the width.

        Raises
        ------
        NetworkError
            If there is no such width.
        """
        if name not in self.widths:
            known = ", ".join(self.widths) or "none"
            raise NetworkError(
                f"network {self.name!r} has no width {reprlib.repr(name)}; there is {known}"
            )
        return self._at(name, {**self.provenance, "width": name})

    def _at(self, name: str, provenance: Mapping) -> "Network":
        whole = self.name[: _MAX_NAME - 1 - len(name)]
        try:
            nodes = self._parts(self.widths[name])
            return Network(f"{whole}_{name}", self.input, nodes, provenance)
        except NetworkError as error:
            raise NetworkError(f"width {name!r}: {error}") from None

    def _parts(self, width: Width) -> list[Node]:
        """What becomes of every node."""
        unknown = {*width.filters, *width.ops} - {node.name for node in self.nodes}
        if unknown:
            raise NetworkError(f"there is no node {reprlib.repr(min(unknown))}")
        kept, nodes = {INPUT: Kept.first(self.input.shape[2])}, []
        for node in self.nodes:
            inputs = [kept[source] for source in node.inputs]
            types = [self.types[source] for source in node.inputs]
            try:
                op, kept[node.name] = width.part(node.name, node.op, inputs, types)
            except NetworkError as error:
                raise NetworkError(f"node {node.name!r}: {error}") from None
            nodes.append(replace(node, op=op))
        if not (output := kept[self.output.name]).is_whole:
            raise NetworkError(
                f"the output {self.output.name!r} must keep all {output.channels} channels, "
                f"not {output.used}"
            )
        return nodes

    def _infer(self) -> dict[str, Tensor]:
        if not isinstance(self.input.element, Codes):
            raise NetworkError(f"the input of a network is codes, not {self.input.element}")
        if not self.nodes:
            raise NetworkError("a network needs at least one node")
        types = {INPUT: self.input}
        for node in self.nodes:
            if node.name in types:
                raise NetworkError(f"two nodes are named {node.name!r}; names must be unique")
            for source in node.inputs:
                if source not in types:
                    raise NetworkError(
                        f"node {node.name!r} reads {reprlib.repr(source)}, "
                        "which is not an earlier node"
                    )
            if len(node.inputs) != node.op.arity:
                raise NetworkError(
                    f"node {node.name!r} takes {node.op.arity} input(s), not {len(node.inputs)}"
                )
            try:
                types[node.name] = node.op.infer(*(types[source] for source in node.inputs))
            except NetworkError as error:
                raise NetworkError(f"node {node.name!r}: {error}") from None
        read = {source for node in self.nodes for source in node.inputs}
        for name in list(types)[:-1]:
            if name not in read:
                raise NetworkError(f"nothing reads the output of {name!r}; remove it or use it")
        return types


def _described(tensor: Tensor) -> tuple[str, str]:
    """Shape and elements, as in a table."""
    return "×".join(map(str, tensor.shape)), str(tensor.element)


def is_name(name) -> bool:
    """Whether something can be the name of a network or of a node."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _checked(widths) -> dict[str, Width]:
    """A copy of ``widths``, if it is a mapping of names to widths."""
    if not isinstance(widths, Mapping) or len(widths) > _MAX_WIDTHS:
        raise NetworkError(
            f"widths must be a mapping of at most {_MAX_WIDTHS} names, not {reprlib.repr(widths)}"
        )
    for name, width in widths.items():
        _require_name("width", name)
        if len(name) > MAX_WIDTH_NAME:
            raise NetworkError(f"names of widths have at most {MAX_WIDTH_NAME} letters, not {name}")
        if not isinstance(width, Width):
            raise NetworkError(f"width {name!r} must be a Width, not {reprlib.repr(width)}")
    return dict(widths)


def _require_name(what: str, name) -> None:
    if not is_name(name):
        raise NetworkError(
            f"{what} names are up to 64 lower case letters, digits and _, a letter first, "
            f"not {reprlib.repr(name)}"
        )


def _plain(provenance) -> dict:
    """A copy of ``provenance``, if it is made of JSON values and not nested without end."""
    if not isinstance(provenance, Mapping):
        raise NetworkError(f"provenance must be a mapping, not {reprlib.repr(provenance)}")
    try:
        text = json.dumps(dict(provenance), allow_nan=False, ensure_ascii=False)
        copy = json.loads(text.encode())
    except UnicodeEncodeError:
        raise NetworkError("provenance holds half of a surrogate pair, which is no text") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise NetworkError(f"provenance must be plain JSON values: {error}") from None
    if _deeper(copy, _MAX_DEPTH):
        raise NetworkError(f"provenance must be nested at most {_MAX_DEPTH} deep")
    return copy


def _deeper(value, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in inner)
