"""What the codes of a network's input mean to the source."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..errors import DataError
from ..network import Codes

__all__ = ["Input"]


_PIXELS = Codes.unsigned(8)


@dataclass(frozen=True)
class Input:
    """Real numbers of images: ``scale · (code + offset)``.

    Parameters
    ----------
    scale : Fraction
        1/255 takes pixels 0…255 to 0…1, as most people feed them.
    codes : Codes
        8 bits, unsigned, unless given.

    Raises
    ------
    DataError
        If the scale is not positive.
    """

    scale: Fraction = Fraction(1, 255)
    codes: Codes = _PIXELS

    def __post_init__(self):
        if self.scale <= 0:
            raise DataError(f"the scale of the input must be positive, not {self.scale}")

    def real(self, codes: np.ndarray) -> np.ndarray:
        """Single-precision numbers of codes, correctly rounded."""
        values = self.codes.offset + self.codes.step * codes.astype(np.int64)
        exact = values * self.scale.numerator / self.scale.denominator
        return exact.astype(np.float32)
