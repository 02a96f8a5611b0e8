"""Edge: a tensor of the source, and the values of the network that it follows from."""

from dataclasses import dataclass, replace

import numpy as np
import onnx

from ..network import Codes, MaxPool, Values
from .source import Source
from .step import Step

__all__ = ["ALIKE", "NO_PADDING", "ROUNDING", "Edge", "mantissa"]

NO_PADDING = (0, 0, 0, 0)
ALIKE = 1e-6
"""Relative error of numbers that single precision has rounded a few times."""
ROUNDING = 2.0**-24
"""Relative error of one operation in single precision."""

_POOLED = 1024  # numbers that a mean adds up


@dataclass(frozen=True, eq=False, kw_only=True)
class Edge(Values):
    """A tensor of the source: real numbers that follow from integers of the network.

    The real number of an integer is ``scale · integer + shift``, rounded to single precision, and
    then goes through ``steps``.

    Parameters
    ----------
    node, type, sums
        As in :class:`Values`.
    scale, shift : float64 array, shape (channels,)
    layout : str
        Axes of the source's tensor: ``"NCHW"``, ``"NHWC"``, ``"NCW"``, ``"NWC"``, or ``"NF"`` of a
        vector.
    order : array of int, shape (size,), optional
        For a vector: where in the network's order (row, column, channel) each element is.
    steps : tuple of Step
        Functions of single elements, the same for all of a channel.
    pools : tuple of (int, MaxPool, str)
        Maxima of windows, each with the number of steps before it and its tensor of the source.
    padding : (int, int, int, int)
        Rows and columns of 0 at the top, left, bottom, right, which have no node.
    is_class : bool
        Whether it is the class, the index of the largest of what the source has.
    tolerance : float64 array, shape (classes,), optional
        For logits, or the logits that a class is chosen by: how far each of the source's can be
        from the exact one because single precision rounds.
    fitted : bool
        Whether the scale is that of numbers that single precision has rounded.
    tensor : str
        Tensor of the source, where there are neither steps nor pools.
    origin : Edge, optional
        What it was ahead of all steps and pools.
    """

    scale: np.ndarray
    shift: np.ndarray
    layout: str
    order: np.ndarray | None = None
    steps: tuple[Step, ...] = ()
    pools: tuple[tuple[int, MaxPool, str], ...] = ()
    padding: tuple[int, int, int, int] = NO_PADDING
    is_class: bool = False
    tolerance: np.ndarray | None = None
    fitted: bool = False
    tensor: str = ""
    origin: "Edge | None" = None

    @property
    def layer(self) -> str:
        """Kind of name that the node of ``sums`` gets."""
        return "fc" if self.layout == "NF" else "conv"

    @property
    def places(self) -> np.ndarray:
        """Of a vector, where in the network's order each element is.

        Raises
        ------
        ValueError
            If it is no vector.
        """
        if self.order is None:
            raise ValueError(f"axes {self.layout} are not those of a vector")
        return self.order

    @property
    def allowed(self) -> np.ndarray:
        """The tolerance, float64, shape (classes,).

        Raises
        ------
        ValueError
            If these are no logits.
        """
        if self.tolerance is None:
            raise ValueError("only logits and classes have a tolerance")
        return self.tolerance

    @property
    def plain(self) -> bool:
        """Whether it is the values of a node, scaled."""
        return self.sums is None and not self.changed

    @property
    def changed(self) -> bool:
        """Whether there are steps, pools or padding."""
        return bool(self.steps or self.pools) or self.padding != NO_PADDING

    @property
    def distance(self) -> int:
        """Of integers that are possible: what separates two neighbours, at least."""
        if self.sums is not None:
            return self.sums.codes.step
        return self.type.codes.step if isinstance(self.type.element, Codes) else 1

    def after(self, step: onnx.NodeProto) -> "Edge":
        """With one more step."""
        made = self.step(step)
        return replace(self, steps=(*self.steps, made), origin=self.origin or self)

    def step(self, node: onnx.NodeProto) -> Step:
        """A node as a step of what is here."""
        if self.layout != "NF":
            return Step(node=node, layout=self.layout, channels=self.channels)
        if self.type.shape[:2] != (1, 1):
            return Step(node=node, layout="NF", channels=1)
        return Step(node=node, layout="NF", channels=self.channels, order=self.order)

    def all_values(self) -> np.ndarray:
        """Every value that codes can have, shape (codes, channels)."""
        return np.repeat(self.type.codes.values[:, None], self.channels, axis=1)

    def rounding(self, *, exact: bool = True) -> np.ndarray:
        """How far single precision can be from the sums of each channel, up to a quarter of a unit.

        Each of the terms can be rounded, and each sum of the terms so far; but none, where the
        bits of all sums are few, unless the scale is not ``exact``.
        """
        unit = np.abs(self.scale)
        if self.sums is None:
            terms, most = _POOLED, max(abs(self.type.element.lo), abs(self.type.element.hi))
        else:
            terms = np.count_nonzero(self.sums.conv.matrix, axis=1)
            largest = max(abs(self.sums.codes.lo), abs(self.sums.codes.hi))
            most = self.sums.conv.magnitudes * largest
        few = exact & (mantissa(unit) * most < 1 / ROUNDING) & (self.shift == 0)
        times = np.where(few, 0, terms) + np.where(few & (not self.steps), 0, 8)
        error = ROUNDING * times * (unit * most + 2 * np.abs(self.shift))
        return np.minimum(unit / 4, error)

    def real(self, values: np.ndarray) -> np.ndarray:
        """Single-precision numbers before the steps, of values (rows, channels)."""
        return (values * self.scale + self.shift).astype(np.float32)

    def through(self, source: Source, real: np.ndarray, first: int = 0) -> np.ndarray:
        """What the source makes of real numbers (rows, channels) in the steps from ``first``.

        Raises
        ------
        NetworkError
            If a step differs between positions of a map, or gives NaN.
        """
        for step in self.steps[first:]:
            real = step.apply(source, real)
        return real

    def results(self, source: Source, values: np.ndarray) -> np.ndarray:
        """What the source has in this tensor where the network has ``values``."""
        return self.through(source, self.real(values))


def mantissa(numbers: np.ndarray) -> np.ndarray:
    """The odd integers whose products with powers of two positive numbers are, 0 for 0."""
    whole = np.ldexp(np.frexp(numbers)[0], 53).astype(np.int64)
    return (whole // np.maximum(whole & -whole, 1)).astype(np.float64)
