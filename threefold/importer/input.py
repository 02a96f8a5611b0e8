"""What the codes of a network's input mean to the source."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..errors import DataError
from ..network import Codes
from .nodes import guarded
from .quantizers import grid
from .source import Source

__all__ = ["Input", "default_input"]

_QUANTIZERS = ("Quant", "IntQuant", "BipolarQuant")
_PIXELS = Codes.unsigned(8)
_SMALLEST = Fraction(1, 2**100)


@dataclass(frozen=True)
class Input:
    """Real numbers of images: ``scale · (offset + step · code)``.

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
            raise DataError(f"the scale of the input must be positive, not {self.scale}")
        if not _SMALLEST <= self.scale <= 1 / _SMALLEST:
            raise DataError("the scale of the input must be within single precision, 2⁻¹⁰⁰ to 2¹⁰⁰")

    def real(self, codes: np.ndarray) -> np.ndarray:
        """Single-precision numbers of codes, correctly rounded."""
        values = self.codes.offset + self.codes.step * np.arange(self.codes.max_code + 1)
        exact = [float(int(value) * self.scale) for value in values]
        return np.array(exact, np.float32)[codes]


def default_input(source: Source) -> Input:
    """What the codes of a network's input mean where nobody says.

    They are those of the quantizer that reads the input, if nothing else does, or pixels 0…255
    for 0…1.

    Raises
    ------
    NetworkError
        If that quantizer is not supported.
    """
    readers = source.consumers(source.input)
    if len(readers) != 1 or readers[0].op_type not in _QUANTIZERS:
        return Input()
    with guarded("what reads the input"):
        found = grid(readers[0], source)
    return Input() if found.shift else Input(Fraction(found.scale), found.codes)
