"""Logs of Yosys and nextpnr: progress, clock and utilization."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from ..errors import BuildError
from ..fpga import Device
from .synthesis import Cells

__all__ = [
    "count_used",
    "follow_nextpnr",
    "follow_yosys",
    "read_critical_path",
    "read_report",
    "refused",
]

_PASSES = 50  # of a synthesis by Yosys, about
_ITERATIONS = 15  # of nextpnr's analytical placer, about
_REFINEMENTS = 30  # iterations of its simulated annealing, at most
_PLACED, _ROUTING = 0.2, 0.8  # share of nextpnr's time before it refines, and before it routes


def follow_yosys(tell: Callable[[float], None]) -> Callable[[str], None]:
    """A function that takes the lines of Yosys' log, and tells the share that is done."""

    def line(text: str) -> None:
        if match := re.match(r"\d+\.(\d+)\. Executing ", text):
            further(min(1, int(match[1]) / _PASSES))

    further = _further(tell)
    return line


def follow_nextpnr(tell: Callable[[float], None]) -> Callable[[str], None]:
    """A function that takes the lines of nextpnr's log, and tells the share that is done.

    Of a design of 5,700 cells the analytical placer takes a tenth of the time, simulated
    annealing three quarters, and routing the rest; of one of 800 cells each a third.

    It raises a :class:`~threefold.errors.BuildError` where routing does not converge.
    """
    arcs = 0

    def line(text: str) -> None:
        nonlocal arcs
        text = text.removeprefix("Info:").strip()
        if match := re.match(r"at iteration #(\d+), type", text):
            further(_PLACED * min(1, int(match[1]) / _ITERATIONS))
        elif text.startswith("Running simulated annealing placer"):
            further(_PLACED)
        elif match := re.match(r"at iteration #(\d+): temp", text):
            refined = min(1, int(match[1]) / _REFINEMENTS)
            further(_PLACED + (_ROUTING - _PLACED) * refined)
        elif match := _ARCS.match(text):
            arcs = int(match[1])
            further(_ROUTING)
        elif arcs and (match := _ROUTED.match(text)):
            routed, left = int(match[1]), int(match[2])
            if _hopeless(arcs, routed, left):
                raise BuildError(f"nextpnr has {left:,} of {arcs:,} arcs left after {routed:,}")
            further(1 - (1 - _ROUTING) * min(1, left / arcs))

    further = _further(tell)
    return line


def _further(tell: Callable[[float], None]) -> Callable[[float], None]:
    """``tell``, but only of shares above all those before."""
    told = 0.0

    def further(done: float) -> None:
        nonlocal told
        if done > told:
            told = done
            tell(done)

    return further


def refused(log: Path, device: Device) -> tuple[str, int, int] | None:
    """What nextpnr did not find for all logic cells, and how many are in use and available.

    Parameters
    ----------
    log : Path
        What it said.
    device : Device
        What it placed for.

    Returns
    -------
    tuple of str, int and int, or None
        ``"place"`` or ``"route"``; None if it failed for another reason.
    """
    said = log.read_text(errors="replace")
    if re.search(r"^ERROR: (Unable|Failed) to (find legal|place|expand)", said, re.MULTILINE):
        what = "place"
    elif re.search(r"^ERROR: (Routing design failed|Failed to route)", said, re.MULTILINE):
        what = "route"
    elif (arcs := _ARCS.search(said)) and (rows := _ROUTED.findall(said)):
        if not _hopeless(int(arcs[1]), *map(int, rows[-1])):
            return None
        what = "route"
    else:
        return None
    counts = [
        re.search(rf"\s{name}: +(\d+)/ *(\d+)", said) for name in device.family.flow.report["lut"]
    ]
    found = [(int(count[1]), int(count[2])) for count in counts if count]
    if not found:
        return None
    return what, sum(used for used, _ in found), sum(there for _, there in found)


_ARCS = re.compile(r"^(?:Info: *)?Routing (\d+) arcs", re.MULTILINE)
_ROUTED = re.compile(r"^(?:Info: *)?(\d+) \|[\d ]+\|[\d ]+\| +(\d+) *\|", re.MULTILINE)


def _hopeless(arcs: int, routed: int, left: int) -> bool:
    """Whether routing does not converge, since each arc takes another's wires.

    Where it does, less than a fifth of the arcs is left by the time that as many have been routed
    as there are. Of two accelerators that were stopped after 5 and 50 minutes, 78 % and 58 % were.
    """
    return routed >= arcs and 2 * left > arcs


def read_report(
    path: Path, device: Device, cells: Cells
) -> tuple[float, dict[str, dict[str, int]]]:
    """Highest frequency in MHz and utilization, from nextpnr's report.

    Where there are several clocks, which come from one PLL then, the frequency is that of the
    slowest at which all of them hold, and the paths from one to another as well: these have a
    period of the clock that they begin at, which nextpnr does not know.

    Parameters
    ----------
    path : Path
        The file nextpnr wrote.
    device : Device
        What the design was placed for.
    cells : Cells
        What was placed.

    Raises
    ------
    BuildError
        If the file is not what nextpnr writes.
    """
    try:
        content = json.loads(path.read_text())
        fmax = _frequency(content)
        used = {
            resource: count_used(content["utilization"], names)
            for resource, names in device.family.flow.report.items()
            if resource in device.counted and getattr(device, resource)
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise BuildError(f"cannot read the report of nextpnr in {path}; see its log") from None
    for resource in device.counted:
        used.setdefault(resource, getattr(cells, resource))
    return fmax, {
        resource: {"used": used[resource], "available": getattr(device, resource)}
        for resource in device.counted
    }


def _frequency(content: dict) -> float:
    clocks = content["fmax"]
    if len(clocks) == 1:
        return next(iter(clocks.values()))["achieved"]
    shares = [clock["achieved"] / clock["constraint"] for clock in clocks.values()]
    for path in content["critical_paths"]:
        if path["from"] != path["to"] and (periods := _delay(path["path"]) * _wanted(path, clocks)):
            shares.append(1000 / periods)
    return min(shares) * min(clock["constraint"] for clock in clocks.values())


def _wanted(path: Mapping, clocks: Mapping[str, Mapping]) -> float:
    """Frequency of the clock at the beginning of a path; 0 if there is none at one of its ends."""
    ends = [path[end].removeprefix("posedge ") for end in ("from", "to")]
    return clocks[ends[0]]["constraint"] if set(ends) <= set(clocks) else 0.0


def _delay(steps: Sequence[Mapping]) -> float:
    return sum(step["delay"] for step in steps)


def count_used(utilization: Mapping[str, Mapping], names: Sequence[str]) -> int:
    """Cells in use, by a report of nextpnr, which leaves out all but the first that are not there.

    Parameters
    ----------
    utilization : mapping
        That of the report.
    names : sequence of str
        Kinds of cells; one that is named twice counts twice.

    Raises
    ------
    KeyError
        If the first is not in the report.
    """
    first, *others = names
    used = utilization[first]["used"]
    return used + sum(utilization[name]["used"] for name in others if name in utilization)


def read_critical_path(path: Path) -> dict:
    """The slowest path from register to register, from nextpnr's report.

    Of several clocks, it is the one that takes most periods of the clock at its beginning.

    Returns
    -------
    dict
        ``logic_ns`` and ``routing_ns``, which its delay consists of, and ``cells``: names of the
        cells along it, the registers at both ends included. Empty where there is no such path.

    Raises
    ------
    BuildError
        If the file is not what nextpnr writes.
    """
    try:
        content = json.loads(path.read_text())
        clocks = content.get("fmax", {})
        paths = [
            (_delay(each["path"]) * (_wanted(each, clocks) if len(clocks) > 1 else 1), each["path"])
            for each in content["critical_paths"]
            if _ASYNC not in each["from"] + each["to"]
        ]
        _, steps = max(paths, key=lambda each: each[0], default=(0, []))
        delays = {"logic": 0.0, "routing": 0.0}
        for step in steps:
            delays["routing" if step["type"] == "routing" else "logic"] += step["delay"]
        cells = [step[end]["cell"] for step in steps for end in ("from", "to")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BuildError(f"cannot read the report of nextpnr in {path}; see its log") from None
    if not cells:
        return {}
    return {
        "logic_ns": round(delays["logic"], 3),
        "routing_ns": round(delays["routing"], 3),
        "cells": [name for name, _ in groupby(cells)],
    }


_ASYNC = "<async>"  # in place of the clock of a pin
