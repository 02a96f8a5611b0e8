"""Tensor types: the shape of a network's edges, and their elements, codes or integers."""

import reprlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import NetworkError
from .check import as_integer, as_integers

__all__ = ["Codes", "Integers", "Tensor"]


@dataclass(frozen=True)
class Codes:
    """Unsigned activation codes with an integer meaning, ``value = step * code + offset``.

    Parameters
    ----------
    max_code : int
        Largest code, at least 1; codes are 0…``max_code``.
    step : int
        Distance of neighbouring values, at least 1.
    offset : int
        Value of code 0.

    Raises
    ------
    NetworkError
        If ``max_code`` or ``step`` is not positive, codes need more than 16 bits, or values
        more than 32.
    """

    max_code: int
    step: int = 1
    offset: int = 0

    MAX_BITS: ClassVar[int] = 16

    def __post_init__(self):
        checked = {
            "max_code": as_integer(self.max_code, "the largest code", 1, 2**self.MAX_BITS - 1),
            "step": as_integer(self.step, "the step between codes", 1, 2**31 - 1),
            "offset": as_integer(self.offset, "the value of code 0", -(2**31), 2**31 - 1),
        }
        for name, number in checked.items():
            object.__setattr__(self, name, number)
        if self.hi >= 2**31:
            raise NetworkError(f"values of codes must fit 32 bits, not {self.hi}")

    @classmethod
    def unsigned(cls, bits: int) -> "Codes":
        """Values 0…2^bits − 1, as after a quantized ReLU."""
        return cls(2**bits - 1)

    @classmethod
    def signed(cls, bits: int) -> "Codes":
        """Values −2^(bits−1)…2^(bits−1) − 1."""
        return cls(2**bits - 1, offset=-(2 ** (bits - 1)))

    @classmethod
    def ternary(cls) -> "Codes":
        """Values −1, 0, 1."""
        return cls(2, offset=-1)

    @classmethod
    def bipolar(cls) -> "Codes":
        """Values −1, 1."""
        return cls(1, step=2, offset=-1)

    @property
    def bits(self) -> int:
        """Width of a code in bits."""
        return self.max_code.bit_length()

    @property
    def lo(self) -> int:
        """Smallest value."""
        return self.offset

    @property
    def hi(self) -> int:
        """Largest value."""
        return self.step * self.max_code + self.offset

    @property
    def zero_code(self) -> int | None:
        """The code of value 0, or None where no code means 0."""
        code, rest = divmod(-self.offset, self.step)
        return code if rest == 0 and 0 <= code <= self.max_code else None

    @property
    def values(self) -> np.ndarray:
        """The value of each code, int64, shape (largest code + 1,)."""
        return self.offset + self.step * np.arange(self.max_code + 1)

    def __str__(self):
        meaning = "" if (self.step, self.offset) == (1, 0) else f" = {self.lo}…{self.hi}"
        if self.step != 1:
            meaning += f" by {self.step}"
        return f"codes 0…{self.max_code}{meaning}"


@dataclass(frozen=True)
class Integers:
    """Signed integers within known bounds: accumulators and logits.

    Parameters
    ----------
    lo, hi : int
        Bounds, both reachable or wider; 0 need not lie between them.
    """

    lo: int
    hi: int

    def __post_init__(self):
        for name in ("lo", "hi"):
            bound = as_integer(getattr(self, name), f"the bound {name!r}", -(2**62), 2**62)
            object.__setattr__(self, name, bound)
        if self.lo > self.hi:
            raise NetworkError(f"integers need lo <= hi, not {self.lo} > {self.hi}")

    @property
    def bits(self) -> int:
        """Width of a signed word that holds both bounds."""
        return 1 + max(
            (bound if bound >= 0 else ~bound).bit_length() for bound in (self.lo, self.hi)
        )

    def __str__(self):
        return f"integers {self.lo}…{self.hi}"


@dataclass(frozen=True)
class Tensor:
    """Tensor type of one edge: shape (height, width, channels), and type of its elements.

    A vector is 1×1×C, a one-dimensional signal 1×W×C.

    Raises
    ------
    NetworkError
        If the shape is not three positive integers, or there are more than 2^24 elements.
    """

    shape: tuple[int, int, int]
    element: Codes | Integers

    MAX_SIZE: ClassVar[int] = 2**24

    def __post_init__(self):
        shape = as_integers(self.shape, "height, width and channels", 3, 1, self.MAX_SIZE)
        object.__setattr__(self, "shape", shape)
        if self.size > self.MAX_SIZE:
            raise NetworkError(f"a tensor holds at most {self.MAX_SIZE} elements, not {self.size}")
        if not isinstance(self.element, Codes | Integers):
            raise NetworkError(
                f"elements of a tensor are Codes or Integers, not {reprlib.repr(self.element)}"
            )

    @property
    def codes(self) -> Codes:
        """The elements, where they are codes.

        Raises
        ------
        NetworkError
            If they are integers.
        """
        if not isinstance(self.element, Codes):
            raise NetworkError(f"elements of a tensor must be codes here, not {self.element}")
        return self.element

    @property
    def size(self) -> int:
        """Number of elements."""
        height, width, channels = self.shape
        return height * width * channels

    def __str__(self):
        return f"{'×'.join(map(str, self.shape))} {self.element}"
