"""Grid of a quantizer: real numbers at equal distances, and the codes that mean them."""

from dataclasses import dataclass

import numpy as np

from ..network import Codes

__all__ = ["Grid"]


@dataclass(frozen=True, eq=False)
class Grid:
    """Grid of a quantizer: ``scale · value + shift`` for the values of ``codes``.

    Parameters
    ----------
    codes : Codes
    scale, shift : float
    """

    codes: Codes
    scale: float
    shift: float = 0.0

    def codes_of(self, real: np.ndarray) -> np.ndarray:
        """Codes of real numbers on the grid."""
        values = np.rint((real.astype(np.float64) - self.shift) / self.scale).astype(np.int64)
        return (values - self.codes.offset) // self.codes.step
