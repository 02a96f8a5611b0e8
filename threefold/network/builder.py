"""Network builder: nodes one after the other, each with the type of what it gives."""

from collections import Counter
from collections.abc import Mapping

from ..errors import NetworkError
from .network import INPUT, Network, Node
from .op import Op
from .types import Tensor
from .width import Width

__all__ = ["Builder"]


class Builder:
    """A network under construction.

    Parameters
    ----------
    name : str
        Name of the network.
    input : Tensor
        Type of one image; its elements are codes.

    Attributes
    ----------
    nodes : list of Node
        In the order in which they were added.
    types : dict of str to Tensor
        Type of the input and of each node's output, by name.
    last : str
        Name of the node added last, or of the input.
    """

    def __init__(self, name: str, input: Tensor):
        self._name = name
        self.nodes: list[Node] = []
        self.types: dict[str, Tensor] = {INPUT: input}
        self._numbers: Counter[str] = Counter()

    @property
    def last(self) -> str:
        return self.nodes[-1].name if self.nodes else INPUT

    def number(self, kind: str) -> str:
        """The next name of a kind: ``conv1``, ``conv2``, …."""
        self._numbers[kind] += 1
        return f"{kind}{self._numbers[kind]}"

    def add(self, name: str, op: Op, *sources: str, what: str | None = None) -> str:
        """Add a node that reads ``sources``, or the last node; gives its name.

        Parameters
        ----------
        name : str
        op : Op
        sources : str
            Names of nodes, or ``"input"``.
        what : str, optional
            What the node is called in errors; by its name if left out.

        Raises
        ------
        NetworkError
            If the operation does not fit what it reads; the message begins with ``what``.
        """
        node = Node(name, op, sources or (self.last,))
        try:
            self.types[name] = op.infer(*(self.types[source] for source in node.inputs))
        except NetworkError as error:
            raise NetworkError(f"{what or f'node {name!r}'}: {error}") from None
        self.nodes.append(node)
        return name

    def network(
        self, provenance: Mapping | None = None, widths: Mapping[str, Width] | None = None
    ) -> Network:
        """The network of all nodes so far; see :class:`Network`."""
        return Network(self._name, self.types[INPUT], self.nodes, provenance or {}, widths or {})
