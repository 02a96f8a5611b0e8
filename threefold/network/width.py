"""Width: a narrower network inside a network, made of its first filters."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import NetworkError
from .check import as_integer
from .conv import Conv
from .kept import Kept
from .op import OPS, Op
from .types import Tensor

__all__ = ["Width"]


@dataclass(frozen=True, eq=False)
class Width:
    """Narrower network: its own operations, on a part of the weights of the whole.

    Every convolution uses its first filters, and of those the columns whose channels there are;
    the network's input and output stay whole. One memory of weights therefore serves all widths,
    as in slimmable networks (Yu, Yang, Xu, Yang, Huang, ICLR 2019). Two widths are equal
    if their filters and operations are.

    Parameters
    ----------
    filters : mapping of str to int
        Number of filters that a convolution uses, by node; those not named use all.
    ops : mapping of str to Op
        What a node is in the narrower network, by its name, where it is not what is left of
        it in the whole, such as thresholds of the channels that are used; of kinds that
        :attr:`Op.varies` names.

    Raises
    ------
    NetworkError
        If a number is not positive, or an operation is of another kind.
    """

    filters: Mapping[str, int]
    ops: Mapping[str, Op] = field(default_factory=dict)

    def __post_init__(self):
        for name in ("filters", "ops"):
            value = getattr(self, name)
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise NetworkError(
                    f"{name} of a width must be a mapping from names of nodes, "
                    f"not {reprlib.repr(value)}"
                )
        filters = {
            node: as_integer(count, f"the number of filters of {node!r}", 1, Tensor.MAX_SIZE)
            for node, count in self.filters.items()
        }
        for node, op in self.ops.items():
            if not isinstance(op, Op) or not op.varies:
                kinds = ", ".join(sorted(kind for kind, op in OPS.items() if op.varies))
                raise NetworkError(
                    f"a width has operations of its own of the kinds {kinds}, "
                    f"not {reprlib.repr(op)} for {node!r}"
                )
        object.__setattr__(self, "filters", MappingProxyType(filters))
        object.__setattr__(self, "ops", MappingProxyType(dict(self.ops)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Width):
            return NotImplemented
        return (dict(self.filters), dict(self.ops)) == (dict(other.filters), dict(other.ops))

    def __hash__(self):
        return hash((frozenset(self.filters.items()), frozenset(self.ops.items())))

    def part(
        self, node: str, op: Op, inputs: Sequence[Kept], types: Sequence[Tensor]
    ) -> tuple[Op, Kept]:
        """What operation ``op`` of node ``node`` becomes, and the channels that it gives.

        Parameters
        ----------
        node : str
        op : Op
            That of the whole network.
        inputs : sequence of Kept
            Channels that there are of its inputs.
        types : sequence of Tensor
            Types of its inputs in the whole network.

        Raises
        ------
        NetworkError
            If the width does not fit the operation.
        """
        if node in self.filters:
            if not isinstance(op, Conv):
                raise NetworkError(f"it has filters, but is {op.kind!r}")
            return op.narrowed(inputs, types, filters=self.filters[node])
        own = self.ops.get(node)
        if own is not None and type(own) is not type(op):
            raise NetworkError(f"it is {own.kind!r}, but {op.kind!r} in the network")
        return op.narrowed(inputs, types, own)
