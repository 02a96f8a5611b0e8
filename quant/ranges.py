"""Ranges of configuration values."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from threefold.errors import TrainingError

__all__ = ["Range", "require", "require_flags"]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``.

    Parameters
    ----------
    low, high : float
        Infinity is never in the range.
    whole : bool
        Integers only.
    above, below : bool
        Leave out ``low``, or ``high``.
    optional : bool
        Allow None.
    """

    low: float
    high: float = math.inf
    whole: bool = False
    above: bool = False
    below: bool = False
    optional: bool = False

    def __contains__(self, value: float) -> bool:
        return (
            (self.low < value if self.above else self.low <= value)
            and (value < self.high if self.below else value <= self.high)
            and abs(value) < math.inf
        )

    def __str__(self):
        if self.above and self.low == 0 and self.high == math.inf:
            return "positive"
        low = f"above {self.low}" if self.above else f"at least {self.low}"
        if self.high == math.inf:
            return low
        if not (self.above or self.below):
            return f"{self.low}…{self.high}"
        return f"{low} and {'below' if self.below else 'at most'} {self.high}"


def require(ranges: Mapping[str, Range], values: Any, of: str = "") -> None:
    """Look at the fields of ``values`` that ``ranges`` names.

    Raises
    ------
    TrainingError
        If one is not a number, or out of its range; ``of`` follows its name in the message.
    """
    for field, allowed in ranges.items():
        value = getattr(values, field)
        if value is None and allowed.optional:
            continue
        kind = numbers.Integral if allowed.whole else numbers.Real
        if isinstance(value, bool) or not isinstance(value, kind):
            what = "a whole number" if allowed.whole else "a number"
            raise TrainingError(f"{field}{of} must be {what}, not {value!r}")
        if value not in allowed:
            raise TrainingError(f"{field}{of} must be {allowed}, not {value}")


def require_flags(fields: tuple[str, ...], values: Any, of: str = "") -> None:
    """Look whether fields are True or False.

    Raises
    ------
    TrainingError
        If one is not.
    """
    for field in fields:
        if not isinstance(value := getattr(values, field), bool):
            raise TrainingError(f"{field}{of} must be True or False, not {value!r}")
