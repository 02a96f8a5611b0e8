"""Input of an imported network: the real numbers that its codes mean."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..archive import shorten
from ..errors import DataError, NetworkError
from ..network import Codes
from .nodes import RESHAPED, SAME, describe, guarded
from .qcdq import input_grid
from .quantizers import grid
from .source import Source

__all__ = ["Input", "default_input", "stated_input"]

_QUANTIZERS = ("BipolarQuant", "IntQuant", "Quant", "QuantizeLinear")
_REARRANGING = (*SAME, *RESHAPED, "Transpose")
_ANNOTATION = re.compile(r"(?:(U)INT([1-9]|1[0-6])|INT([2-9]|1[0-6]))")
_PIXELS = Codes.unsigned(8)
_SMALLEST = Fraction(1, 2**100)


@dataclass(frozen=True)
class Input:
    """Input of the source: real numbers ``scale · (offset + step · code)``.

    Parameters
    ----------
    scale : Fraction
        1/255 takes pixels 0…255 to 0…1, as most people feed them.
    codes : Codes
        8 bits, unsigned, unless given.

    Raises
    ------
    DataError
        If the scale is not positive, or beyond single precision.
    """

    scale: Fraction = Fraction(1, 255)
    codes: Codes = _PIXELS

    def __post_init__(self):
        if self.scale <= 0:
            raise DataError("the scale of the input must be positive")
        if not _SMALLEST <= self.scale <= 1 / _SMALLEST:
            raise DataError("the scale of the input must be within single precision, 2⁻¹⁰⁰ to 2¹⁰⁰")

    def is_like(self, other: "Input") -> bool:
        """Whether both have the same codes, and the same scale in single precision."""
        mine, others = (np.float32(float(each.scale)) for each in (self, other))
        return self.codes == other.codes and bool(mine == others)

    def real(self, codes: np.ndarray) -> np.ndarray:
        """Single-precision numbers of codes, correctly rounded."""
        return self._numbers[codes]

    @cached_property
    def _numbers(self) -> np.ndarray:
        exact = [float(int(value) * self.scale) for value in self.codes.values]
        return np.array(exact, np.float32)


def stated_input(source: Source) -> Input | None:
    """Input as an annotation states it, if there is one: integers, not scaled.

    Raises
    ------
    NetworkError
        If the input has another type.
    """
    name = source.annotation
    if name in ("", "FLOAT32"):
        return None
    match = _ANNOTATION.fullmatch(name)
    if name == "BIPOLAR":
        codes = Codes.bipolar()
    elif name == "BINARY":
        codes = Codes.unsigned(1)
    elif name == "TERNARY":
        codes = Codes(2, offset=-1)
    elif match:
        codes = Codes.unsigned(int(match[2])) if match[1] else Codes.signed(int(match[3]))
    else:
        raise NetworkError(
            f"the input is annotated as {shorten(name)}; codes have 1 to 16 whole bits"
        )
    return Input(Fraction(1), codes)


def default_input(source: Source) -> Input:
    """Input where no annotation states it.

    They are what an annotation states, or those of the quantizer that reads the input, if nothing
    else does, or pixels 0…255 for 0…1.

    Raises
    ------
    NetworkError
        If that quantizer is not supported.
    """
    if (stated := stated_input(source)) is not None:
        return stated
    readers = source.consumers(source.input)
    while len(readers) == 1 and readers[0].op_type in _REARRANGING:
        readers = source.consumers(readers[0].output[0])
    if len(readers) != 1 or readers[0].op_type not in _QUANTIZERS:
        return Input()
    (reader,) = readers
    with guarded("what reads the input"):
        kind = reader.op_type
        found = (
            input_grid(source, reader)
            if kind == "QuantizeLinear"
            else grid(reader, source, Codes.MAX_BITS)
        )
    try:
        return (
            Input() if found is None or found.shift else Input(Fraction(found.scale), found.codes)
        )
    except DataError as error:
        raise NetworkError(f"{describe(reader)}: {error}") from None
