"""Limits: the room that hardware has for contents from outside.

They are decided once, and hardware is made for them; every network that stays within them can be
loaded. Widths are in bits.

| limit | of |
|---|---|
| ``codes`` | codes in the map buffer |
| ``searched`` | codes that are found by thresholds |
| ``accumulator`` | accumulator values, and so thresholds |
| ``places`` | places of each bank of the map buffer, or words of all maps if passes copy them; \
where the next image enters meanwhile, up to the end of the upper part of a bank |
| ``banked`` | places of each bank that passes copy maps into, a power of two, if they do |
| ``position`` | rows and columns of windows that hang over a border; 0 if none may |
| ``program``, ``tiles``, ``thresholds`` | rows of the program, tiles of a pass, rows of its \
thresholds in each lane, and as many of sums if there are such |
| ``tile_rows``, ``threshold_rows``, ``next`` | fields by which a program is read |
| ``frame`` | rows of a program that are asked for at once, if it comes from outside as it is used |
| ``stored``, ``final`` | fields by which such a program is read, in place of ``next`` |
| ``plain`` | another, of the rows in front of weights, if these come five to a byte; 0 if not |
| ``keeps``, ``leaves``, ``awaits`` | more of these, if images of a batch share rows of it |

The others are fields of tiles and of descriptors, as :class:`.contents.Contents` lists them. A
field of 0 bits is always 0, and nothing stores it.
"""

import reprlib
from collections.abc import Iterable, Mapping

from ...errors import PlanError

__all__ = ["Limits", "check", "check_names", "require", "room"]

Limits = Mapping[str, int]
"""Limits by name."""

_DEPTHS = {
    "places": "places in each bank of maps",
    "program": "rows of a program",
    "tiles": "tiles of a pass",
    "thresholds": "rows of thresholds of a pass",
}

_COPIED = {"banked": "places in each bank that maps are copied into"}
_STREAMED = {"frame": "rows of a program that are asked for at once"}

_MOST_ROWS = 1 << 24
_MOST_BITS = {"codes": 16, "searched": 16}

_WIDTHS = {
    "codes": "codes",
    "searched": "codes found by thresholds",
    "accumulator": "accumulator values",
    "position": "positions of windows that hang over a border",
}


def check(limits: Limits, of: str) -> None:
    """Raise unless each limit of a unit is a number that it can be.

    Raises
    ------
    PlanError
    """
    for name, limit in limits.items():
        deep = name in _DEPTHS | _COPIED | _STREAMED
        most = _MOST_ROWS if deep else _MOST_BITS.get(name, 32)
        least = int(deep or (name in _WIDTHS and name != "position"))
        if type(limit) is not int or not least <= limit <= most:
            raise PlanError(
                f"the limit {name!r} of {of!r} must be {least}…{most}, not {reprlib.repr(limit)}"
            )
        if name in _COPIED and limit & (limit - 1):
            raise PlanError(f"the limit {name!r} of {of!r} must be a power of two, not {limit:,}")


def check_names(limits: Limits, fields: Iterable[str], of: str) -> None:
    """Raise unless there is a limit for each field, memory and width, and for nothing else.

    Raises
    ------
    PlanError
    """
    names = {*_DEPTHS, *_WIDTHS, *fields}
    if wrong := sorted(names ^ limits.keys()):
        state = "missing" if wrong[0] in names else "unknown"
        raise PlanError(f"the limit {wrong[0]!r} of {of!r} is {state}")


def room(limits: Limits, name: str, needed: int) -> int:
    """The limit of a name, or what is needed if there is no such limit.

    Raises
    ------
    PlanError
        If more is needed.
    """
    limit = limits.get(name, needed)
    if needed > limit:
        if what := (_DEPTHS | _COPIED | _STREAMED).get(name):
            raise PlanError(f"it has {needed:,} {what}, and the hardware takes {limit:,}")
        raise PlanError(
            f"its {_WIDTHS[name]} have {needed} bits, and those of the hardware {limit}"
        )
    return limit


def require(limits: Limits, field: str, value: int, of: str) -> None:
    """Raise if a field's value is beyond its limit.

    Raises
    ------
    PlanError
    """
    most = (1 << limits[field]) - 1
    if value > most:
        raise PlanError(f"{field!r} of {of!r} is {value:,}, and the hardware takes {most:,}")
