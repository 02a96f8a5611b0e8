"""Encoder: real values as input codes of a network."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from ..network import Codes

__all__ = ["MAX_VALUE", "Encoder"]

MAX_VALUE = 1e150
"""Largest magnitude of a value, whose square a double still holds."""

# Codes for each standard deviation: near the uniform quantizer of least error for a normal
# distribution (Max, "Quantizing for minimum distortion", 1960), whose steps are 0.996, 0.586,
# 0.335, 0.188, 0.104, 0.0569 and 0.0308 deviations.
_STEPS = {2: 1, 3: 2, 4: 3, 5: 5, 6: 10, 7: 18, 8: 32}


@dataclass(frozen=True)
class Encoder:
    """Quantizer of real values, with an offset and a gain for each channel.

    The value that a code stands for is ``(value − offset) · gain``, rounded to the nearest
    integer, halves upwards, and then to the nearest that has a code. Difference and product are
    rounded to double precision (IEEE 754, to nearest, ties to even), and nothing else is: the same
    value has the same code on every machine.

    Parameters
    ----------
    offset, gain : sequence of float
        One for each channel, finite; gains are at least 0.
    codes : Codes
        Type of the codes, of step 1.

    Raises
    ------
    DataError
        If the numbers are not of that kind.
    """

    offset: tuple[float, ...]
    gain: tuple[float, ...]
    codes: Codes

    def __post_init__(self):
        for name in ("offset", "gain"):
            numbers = getattr(self, name)
            if not isinstance(numbers, list | tuple) or not all(map(_finite, numbers)):
                raise DataError(f"{name} must be finite numbers, one for each channel")
            object.__setattr__(self, name, tuple(map(float, numbers)))
        if len(self.offset) != len(self.gain) or not self.gain or min(self.gain) < 0:
            raise DataError(
                f"{len(self.offset)} offsets need as many gains, at least 0, not {self.gain}"
            )
        if self.codes.step != 1:
            raise DataError(f"codes of an encoder have step 1, not {self.codes.step}")

    @classmethod
    def standard(cls, values: np.ndarray, bits: int) -> "Encoder":
        """Encoder by mean and standard deviation of each channel.

        Codes are signed: that of 0 is the mean. Eight bits have 32 codes for a deviation, four
        deviations each way; fewer have the step that suits a normal distribution. A channel that
        never changes has gain 0. Sums are exact, so that samples in any order give the same.

        Parameters
        ----------
        values : array, shape (samples, height, width, channels)
        bits : int
            2…8.

        Raises
        ------
        DataError
            If ``bits`` is out of range.
        """
        if bits not in _STEPS:
            raise DataError(f"input codes of features have 2…8 bits, not {bits}")
        columns = values.reshape(-1, values.shape[-1]).T.astype(np.float64)
        means = [math.fsum(column) / len(column) for column in columns]
        gains = []
        for column, mean in zip(columns, means, strict=True):
            deviation = math.sqrt(math.fsum((column - mean) ** 2) / len(column))
            gain = _STEPS[bits] / deviation if deviation else math.inf
            changes = column.min() != column.max() and _finite(gain)
            gains.append(gain if changes else 0.0)
        return cls(tuple(means), tuple(gains), Codes.signed(bits))

    @classmethod
    def between(cls, low: float, high: float, channels: int, bits: int) -> "Encoder":
        """Encoder whose codes share out the values ``low``…``high`` evenly, in all channels alike.

        Raises
        ------
        DataError
            If ``bits`` is not 1…8, or ``high`` is not clearly above ``low``.
        """
        if not isinstance(bits, int) or not 1 <= bits <= 8:
            raise DataError(f"input codes of images have 1…8 bits, not {bits}")
        if not low < high:
            raise DataError(f"all values are {low:g}, from which nothing is learned")
        codes = Codes.unsigned(bits)
        gain = codes.max_code / (high - low)
        if not _finite(gain):
            raise DataError(f"values {low:g}…{high:g} are too close to each other; scale them")
        return cls((float(low),) * channels, (gain,) * channels, codes)

    @property
    def channels(self) -> int:
        return len(self.gain)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Codes of values.

        Parameters
        ----------
        values : array of float or of integers, shape (..., channels)
            Finite.

        Returns
        -------
        array of uint8, or of uint16 where codes are wider, of the same shape
        """
        count = 1 << 8 * values.dtype.itemsize
        if values.dtype not in (np.uint8, np.uint16) or values.size < count * self.channels:
            return self._encode(values)
        every = np.arange(count)  # fewer than there are pixels
        table = self._encode(np.repeat(every[:, None], self.channels, axis=1))
        return table[values, np.arange(self.channels)]

    def _encode(self, values: np.ndarray) -> np.ndarray:
        low, high = self.codes.lo, self.codes.hi
        with np.errstate(over="ignore"):
            scaled = (values.astype(np.float64) - self.offset) * self.gain
        scaled = np.clip(scaled, low - 1, high + 1)
        whole = np.floor(scaled)
        rounded = whole + (scaled - whole >= 0.5)  # exact, where floor(x + 0.5) is not
        width = np.uint8 if self.codes.bits <= 8 else np.uint16
        return (np.clip(rounded, low, high) - low).astype(width)


def _finite(number) -> bool:
    real = isinstance(number, int | float) and not isinstance(number, bool)
    return real and abs(number) <= MAX_VALUE * 2**60
