"""Checks of recorded measurements: plain dictionaries, from files that anyone can edit.

Each function returns what the report uses of its input and leaves the rest. A figure that is
not there stays absent; one that makes no sense is refused.
"""

import math
from collections.abc import Callable, Mapping

from ..errors import FileFormatError

__all__ = [
    "PLACED",
    "RESOURCES",
    "checked_accuracy",
    "checked_build",
    "checked_simulation",
    "checked_tools",
]

RESOURCES = ("lut", "ff", "bram", "spram", "dsp")
"""Kinds of resources, in the order in which people ask for them."""

PLACED = ("lut", "bram", "spram", "lut_ram")
"""Kinds of placed cells that are counted by what they belong to."""


def checked_build(build: Mapping | None) -> dict:
    """Board, device, clocks, utilization, bitstream, cells, slowest path and tools of a build.

    Raises
    ------
    FileFormatError
        If a figure is not what its name says.
    """
    result = _pick(
        "the build",
        build,
        {
            "board": _text,
            "device": _text,
            "clock_mhz": _positive,
            "fmax_mhz": _positive,
            "bitstream": _text,
            "baud": _count,
            "plan_digest": _text,
        },
    )
    cells = (build or {}).get("utilization")
    if cells is not None:
        if not isinstance(cells, Mapping):
            raise FileFormatError(f"utilization of the build must be an object, not {cells!r:.40}")
        result["utilization"] = {
            name: _resource(name, cells[name]) for name in RESOURCES if cells.get(name) is not None
        }
    result |= _placed(build or {})
    result["tools"] = checked_tools((build or {}).get("tools"))
    return result


def _placed(build: Mapping) -> dict:
    """Cells by place and the slowest path, as nextpnr told them; either may be missing."""
    result = {}
    if cells := build.get("cells"):
        if not isinstance(cells, list):
            raise FileFormatError(f"cells of the build must be a list, not {cells!r:.40}")
        checks = {"path": _text, "drives": _text} | dict.fromkeys(PLACED, _count)
        result["cells"] = [_pick("cells of the build", entry, checks) for entry in cells]
        if any("path" not in entry for entry in result["cells"]):
            raise FileFormatError("cells of the build must each have a path")
    if path := build.get("critical_path"):
        checks = {"logic_ns": _delay, "routing_ns": _delay, "cells": _texts}
        result["critical_path"] = _pick("critical_path of the build", path, checks)
        if missing := [name for name in checks if name not in result["critical_path"]]:
            raise FileFormatError(f"critical_path of the build must have {missing[0]}")
    return result


def checked_simulation(simulation: Mapping | None) -> dict:
    """What a simulation compared and measured, its cycles included.

    Raises
    ------
    FileFormatError
        If a figure is not what its name says.
    """
    result = _pick(
        "the simulation",
        simulation,
        {
            "simulator": _text,
            "images": _count,
            "mismatches": _count,
            "beats_compared": _count,
            "stalls": _share,
            "accuracy": _share,
            "plan_digest": _text,
            "confusion": _square,
        },
    )
    cycles = (simulation or {}).get("cycles")
    if cycles is not None:
        if not isinstance(cycles, Mapping):
            raise FileFormatError(f"cycles of the simulation must be an object, not {cycles!r:.40}")
        interval = cycles.get("interval")
        if isinstance(interval, float) and math.isnan(interval):  # there was but one image
            cycles = {key: value for key, value in cycles.items() if key != "interval"}
        what = "cycles of the simulation"
        result["cycles"] = _pick(what, cycles, {"latency": _count, "interval": _positive})
    result["tools"] = checked_tools((simulation or {}).get("tools"))
    return result


def checked_accuracy(accuracy: Mapping | None) -> dict:
    """Shares of images that the networks classify as labelled.

    Raises
    ------
    FileFormatError
        If a figure is not what its name says.
    """
    return _pick(
        "the accuracy",
        accuracy,
        {
            "integer": _share,
            "float": _share,
            "rtl": _share,
            "images": _count,
            "dataset": _text,
        },
    )


def checked_tools(tools: Mapping | None) -> dict[str, str]:
    """Versions of tools, by name.

    Raises
    ------
    FileFormatError
        If one is not text.
    """
    if tools is None:
        return {}
    if not isinstance(tools, Mapping):
        raise FileFormatError(f"tools must be an object of versions, not {tools!r:.40}")
    if any(_text(name) for name in tools):
        raise FileFormatError("names of tools must be text")
    return _pick("the tools", tools, dict.fromkeys(tools, _text))


def _pick(what: str, values: Mapping | None, checks: Mapping[str, Callable[[object], str]]) -> dict:
    """The values that have a check, checked; those that are missing or null are left out."""
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise FileFormatError(f"{what} must be an object, not {values!r:.40}")
    picked = {key: values[key] for key in checks if values.get(key) is not None}
    for key, value in picked.items():
        if expected := checks[key](value):
            raise FileFormatError(f"{key} of {what} must be {expected}, not {_shown(value)}")
    return picked


def _resource(name: str, cells) -> dict[str, int]:
    what = f"utilization of {name!r}"
    result = _pick(what, cells, {"used": _count, "available": _count})
    if len(result) != 2:
        raise FileFormatError(f"{what} must say how many are used and how many available")
    return result


def _text(value) -> str:
    """Text that a page can hold: without halves of surrogate pairs."""
    good = isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)
    return "" if good else "text"


def _count(value) -> str:
    return "" if type(value) is int and 0 <= value < 2**63 else "a whole number"


def _positive(value) -> str:
    """Any number that can be divided by and multiplied with another without end or overflow."""
    good = type(value) in (int, float) and 1e-18 < value < 1e18
    return "" if good else "a positive number of 1e-18…1e18"


def _delay(value) -> str:
    good = type(value) in (int, float) and 0 <= value < 1e9
    return "" if good else "a number of nanoseconds, 0 or more"


def _texts(value) -> str:
    good = isinstance(value, list) and value and not any(map(_text, value))
    return "" if good else "a list of texts"


def _square(value) -> str:
    """Counts, as many in each row as there are rows."""
    good = isinstance(value, list) and all(
        isinstance(row, list) and len(row) == len(value) and not any(map(_count, row))
        for row in value
    )
    return "" if good and value else "as many rows as columns, of whole numbers"


def _share(value) -> str:
    good = type(value) in (int, float) and 0 <= value <= 1
    return "" if good else "a number from 0 to 1"


def _shown(value) -> str:
    try:
        return f"{value!r:.40}"
    except ValueError:  # an integer of thousands of digits
        return "a huge number"
