"""What flows along the edges of a network: shaped tensors of codes or of integers."""

from dataclasses import dataclass
from typing import ClassVar

from ..errors import NetworkError

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
        If ``max_code`` or ``step`` is not positive, or codes need more than 16 bits.
    """

    max_code: int
    step: int = 1
    offset: int = 0

    MAX_BITS: ClassVar[int] = 16

    def __post_init__(self):
        if self.max_code < 1:
            raise NetworkError(f"codes need a largest code of at least 1, not {self.max_code}")
        if self.bits > self.MAX_BITS:
            raise NetworkError(f"codes hold at most {self.MAX_BITS} bits, not {self.bits}")
        if self.step < 1:
            raise NetworkError(f"the step between codes must be at least 1, not {self.step}")

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
        if self.lo > self.hi:
            raise NetworkError(f"integers need lo <= hi, not {self.lo} > {self.hi}")

    def __str__(self):
        return f"integers {self.lo}…{self.hi}"


@dataclass(frozen=True)
class Tensor:
    """Type of one edge: shape (height, width, channels) and what its elements are.

    A vector is 1×1×C, a one-dimensional signal 1×W×C.

    Raises
    ------
    NetworkError
        If the shape is not three positive integers.
    """

    shape: tuple[int, int, int]
    element: Codes | Integers

    def __post_init__(self):
        if len(self.shape) != 3 or any(size < 1 for size in self.shape):
            raise NetworkError(
                f"a tensor is height × width × channels, all at least 1, not {self.shape}"
            )

    @property
    def size(self) -> int:
        """Number of elements."""
        height, width, channels = self.shape
        return height * width * channels

    def __str__(self):
        return f"{'×'.join(map(str, self.shape))} {self.element}"
