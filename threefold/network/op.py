"""Operation of a network: the interface of every kind."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np

from ..errors import NetworkError
from .kept import Kept
from .types import Codes, Integers, Tensor

__all__ = ["OPS", "Channelwise", "Op", "require_codes", "require_integers", "sum_of"]

_OPS: dict[str, "type[Op]"] = {}

OPS: Mapping[str, "type[Op]"] = MappingProxyType(_OPS)
"""Operations that files can hold, by kind."""


@dataclass(frozen=True, eq=False)
class Op(ABC):
    """Operation: the types of its inputs and output, and its parameters as stored in a file.

    A new operation is a frozen dataclass in a module of its own, each of whose fields is an
    attribute or an array. Its kind is an argument of the class, ``class Add(Op, kind="add")``,
    which is what makes files load it; a subclass without one is abstract, or no part of files.
    Its ``__post_init__`` trusts nothing: files are built by calling it. What it computes is
    defined in ``sim/golden.py``.

    Where its channels go is defined here as well, since narrower networks and reordered filters
    ask for it. Unless an operation says otherwise, its channels are its own, and it needs those
    of its inputs in their order and all of them.

    Two operations are equal if their kind, attributes and arrays are.

    Attributes
    ----------
    kind : str
        Name in files, in snake case.
    arity : int
        Number of input tensors.
    varies : bool
        Whether a :class:`Width` may have one of its own in place of what is left of it.
    """

    kind: ClassVar[str]
    arity: ClassVar[int] = 1
    varies: ClassVar[bool] = False

    def __init_subclass__(cls, kind: str | None = None, **arguments):
        super().__init_subclass__(**arguments)
        if kind is None:
            return
        if kind in _OPS:
            raise TypeError(f"operation {kind!r} is {_OPS[kind].__qualname__} already")
        cls.kind = kind
        _OPS[kind] = cls

    @abstractmethod
    def infer(self, *inputs: Tensor) -> Tensor:
        """Type of the output for inputs of these types.

        Raises
        ------
        NetworkError
            If the inputs do not fit.
        """

    @abstractmethod
    def attributes(self) -> dict:
        """Small parameters, as JSON values."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Integer arrays, by name."""
        return {}

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...] | None:
        """Where the channels of the inputs lie among those of the output.

        Parameters
        ----------
        types : sequence of Tensor
            Types of the inputs.

        Returns
        -------
        tuple of (int, int), or None
            Which input, and the output channel at which its channels begin; they follow each
            other without gaps. None for an operation whose inputs must keep the order of their
            channels, or whose output channels are its own.
        """
        return None

    def selected(self, select: Callable[[np.ndarray], np.ndarray]) -> Self:
        """The operation for some of its output's channels, or for another order of them.

        Parameters
        ----------
        select : function
            Takes the rows of the wanted channels from an array, shape (channels, …).
        """
        return self

    def reordered(
        self,
        orders: Sequence[np.ndarray],
        types: Sequence[Tensor],
        own: np.ndarray | None = None,
    ) -> tuple[Self, np.ndarray]:
        """The operation for inputs whose channels are in another order.

        Parameters
        ----------
        orders : sequence of array of int, shape (channels,)
            For each input: which of its channels comes first, second, and so on.
        types : sequence of Tensor
            Types of the inputs.
        own : array of int, shape (filters,), optional
            Order of the operation's filters; only for a convolution.

        Returns
        -------
        op : Op
        order : array of int, shape (channels,)
            Order of its output's channels.

        Raises
        ------
        NetworkError
            If it cannot follow those orders.
        """
        channels = self.infer(*types).shape[2]
        natural = np.arange(channels)
        places = self.places(types)
        if places is None:
            if any((order != np.arange(len(order))).any() for order in orders):
                raise NetworkError(f"channels of the input of {self.kind!r} must keep their order")
            return self, natural
        joined = np.full(channels, -1)
        for source, start in places:
            order = orders[source] + start
            part = joined[start : start + len(order)]
            if ((part >= 0) & (part != order)).any():
                raise NetworkError("its inputs must have the same order of channels")
            part[:] = order
        joined = np.where(joined < 0, natural, joined)
        return self.selected(lambda array: array[joined]), joined

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        """The operation for inputs of which a part of the channels is kept.

        Parameters
        ----------
        inputs : sequence of Kept
            Channels that are kept of each input.
        types : sequence of Tensor
            Types of the inputs in the whole network.
        own : Op, optional
            What the narrower network has in its place, of the same kind; only where it
            :attr:`varies`.

        Returns
        -------
        op : Op
        kept : Kept
            Channels that are kept of its output.

        Raises
        ------
        NetworkError
            If the operation does not get narrower by as much, or ``own`` does not fit.
        """
        for kept, tensor in zip(inputs, types, strict=True):
            if not kept.is_whole:
                raise NetworkError(f"{self.kind!r} must keep all {tensor.shape[2]} channels")
        return self, Kept.first(self.infer(*types).shape[2])

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Op):
            return NotImplemented
        arrays, others = self.arrays(), other.arrays()
        return self.attributes() == other.attributes() and all(
            np.array_equal(array, others[name]) for name, array in arrays.items()
        )

    def __hash__(self):
        arrays = self.arrays().items()
        return hash((self.kind, *((name, array.shape, array.tobytes()) for name, array in arrays)))


class Channelwise(Op):
    """An operation that makes each channel of its output from that channel of its input."""

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
        return ((0, 0),)

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        (kept,) = inputs
        return own or self.selected(lambda array: kept.take(array, 0)), kept


def require_codes(op: str, tensor: Tensor) -> Codes:
    """The codes of ``tensor``, or an error that says ``op`` wanted codes."""
    if not isinstance(tensor.element, Codes):
        raise NetworkError(f"{op} reads codes, not {tensor.element}; put a Threshold before it")
    return tensor.element


def require_integers(op: str, tensor: Tensor) -> Integers:
    """The integers of ``tensor``, or an error that says ``op`` wanted integers."""
    if not isinstance(tensor.element, Integers):
        raise NetworkError(f"{op} reads accumulators, not {tensor.element}; put a Conv before it")
    return tensor.element


def sum_of(max_code: int, step: int, offset: int) -> Codes:
    """The type of a sum of codes, or an error that says such a sum is too large.

    Parameters
    ----------
    max_code, offset : int
        Sums of the largest codes and of the offsets.
    step : int
        That of each code.
    """
    if max_code.bit_length() > Codes.MAX_BITS:
        raise NetworkError(
            f"sums of codes up to {max_code} need {max_code.bit_length()} bits, but codes have at "
            f"most {Codes.MAX_BITS}; add fewer or smaller codes"
        )
    if offset < -(2**31) or max(offset, step * max_code + offset) >= 2**31:
        raise NetworkError(
            f"sums of values {offset}…{step * max_code + offset} must fit 32 bits; "
            "add fewer or smaller values"
        )
    return Codes(max_code, step, offset)
