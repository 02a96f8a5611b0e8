"""A narrower network inside a network, made of its first filters."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..errors import NetworkError
from .add import Add
from .check import as_integer
from .concat import Concat
from .conv import Conv
from .flatten import Flatten
from .kept import Kept
from .op import Op
from .output import ArgMax, Logits
from .pad_channels import PadChannels
from .pool import MaxPool, SumPool
from .threshold import Threshold
from .types import Tensor

__all__ = ["Width"]

_OWN = (Threshold, PadChannels, Logits)


@dataclass(frozen=True, eq=False)
class Width:
    """What a narrower network has of its own; its weights are a part of those of the whole.

    Every convolution uses its first filters, and of those the columns whose channels there are;
    the network's input and output stay whole. One memory of weights therefore serves all widths,
    as in slimmable networks (Yu, Yang, Xu, Yang, Huang, ICLR 2019).

    Parameters
    ----------
    filters : mapping of str to int
        Number of filters that a convolution uses, by node; those not named use all.
    ops : mapping of str to Threshold, PadChannels or Logits
        What a node is in the narrower network, by its name, where it is not what is left of
        it in the whole: levels of the channels that are used, numbers of channels to add, biases.

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
            if not isinstance(op, _OWN):
                raise NetworkError(
                    f"a width has levels, padding of channels and biases of its own, "
                    f"not {reprlib.repr(op)} for {node!r}"
                )
        object.__setattr__(self, "filters", MappingProxyType(filters))
        object.__setattr__(self, "ops", MappingProxyType(dict(self.ops)))

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
        if node in self.filters and not isinstance(op, Conv):
            raise NetworkError(f"it has filters, but is {op.kind!r}")
        if node in self.ops and type(self.ops[node]) is not type(op):
            raise NetworkError(f"it is {self.ops[node].kind!r}, but {op.kind!r} in the network")
        (kept, *others), (tensor, *_) = inputs, types
        match op:
            case Conv():
                used = self.filters.get(node, op.filters)
                return _conv(op, kept, used), Kept.first(op.filters, used)
            case Threshold():
                own = self.ops.get(node)
                if own is not None and own.codes != op.codes:
                    raise NetworkError(f"it gives {own.codes}, but {op.codes} in the network")
                return own or replace(op, levels=kept.take(op.levels, 0)), kept
            case Logits():
                return self.ops.get(node) or replace(op, bias=kept.take(op.bias, 0)), kept
            case MaxPool() | SumPool():
                return op, kept
            case Add():
                if others[0] != kept:
                    raise NetworkError("its inputs must keep the same channels")
                return op, kept
            case Concat():
                return op, kept.beside(others[0])
            case PadChannels():
                own = self.ops.get(node, op)
                channels = op.before + tensor.shape[2] + op.after
                return own, _first(channels, own.before + kept.used + own.after)
            case Flatten():
                height, width, _ = tensor.shape
                return op, kept.flattened(height * width)
            case ArgMax() if kept.is_whole:
                return op, Kept.first(1)
            case _:
                raise NetworkError(f"{op.kind!r} must keep all {tensor.shape[2]} channels")


def _conv(conv: Conv, kept: Kept, used: int) -> Conv:
    if used > conv.filters:
        raise NetworkError(f"it uses {used} filters, but there are {conv.filters}")
    groups, depth = conv.groups, conv.weights.shape[3]
    if groups == 1:
        return replace(conv, weights=kept.take(conv.weights[:used], 3))
    if kept.is_whole and used == conv.filters:
        return conv
    if depth > 1 or not kept.is_first or used * groups != conv.filters * kept.used:
        raise NetworkError(
            f"{used} of {conv.filters} filters in {groups} groups do not go with {kept.used} of "
            f"{kept.channels} channels; only a depthwise convolution gets narrower, by as much as "
            "its input"
        )
    return replace(conv, weights=conv.weights[:used], groups=kept.used)


def _first(channels: int, used: int) -> Kept:
    if used > channels:
        raise NetworkError(f"it gives {used} channels, but {channels} in the network")
    return Kept.first(channels, used)
