"""Placement in terms of a plan: area of each unit, its memories as built, and the slowest path."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ..fpga import Family, Resources
from ..plan import Plan, Unit
from .parts import INTERFACE, Parts

__all__ = ["area", "critical_path", "memories"]

_RESOURCES = ("lut", "bram", "spram")
_RAMS = ("bram", "spram", "lut_ram")
_CONTENTS = (
    ("rows", ("unfolder.rows",)),
    ("activations", ("reader.buffer",)),
    ("program", ("reader.sequencer",)),
    ("weights", ("array.weights",)),
    ("thresholds", ("output.search", "search")),
    ("offsets", ("output.offsets",)),
    ("branch", ("fifo",)),
)  # what memories hold, by where they are in a unit


def area(plan: Plan, parts: Parts, family: Family, cells: Sequence[Mapping]) -> dict:
    """Cells that each unit takes, beside the estimate of the plan.

    Parameters
    ----------
    plan : Plan
    parts : Parts
    family : Family
    cells : sequence of mapping
        Placed cells, see :func:`~threefold.tools.placed.count_placed`.

    Returns
    -------
    dict
        ``units``, a list with ``name``, ``lut``, ``bram`` and, if there are such, ``spram`` as
        placed, and ``estimated_lut`` and ``estimated_bram``; ``interface``, the same counts for
        what is around the accelerator; ``unattributed``, if a cell's name does not tell its unit.
    """
    counts = parts.count(cells)
    units = []
    for unit in plan.units:
        estimate = sum(
            (block.resources(family) for block in parts.blocks(unit.name)), start=Resources()
        )
        units.append(
            {"name": unit.name}
            | _counted(counts.get(unit.name, Counter()))
            | {"estimated_lut": round(estimate.cells), "estimated_bram": estimate.bram}
        )
    result = {"units": units, "interface": _counted(counts.get(INTERFACE, Counter()))}
    if None in counts:
        result["unattributed"] = _counted(counts[None])
    return result


def _counted(count: Counter[str]) -> dict[str, int]:
    return {kind: count[kind] for kind in _RESOURCES if kind != "spram" or count[kind]}


def memories(plan: Plan, parts: Parts, cells: Sequence[Mapping]) -> list[dict]:
    """What became of the memories of each unit.

    Returns
    -------
    list of dict
        ``unit``; ``content``: ``"activations"``, ``"rows"`` that an unfolder holds,
        ``"weights"``, ``"thresholds"``, ``"program"``, ``"offsets"`` or ``"branch"``, beats in the
        FIFO before a join; ``built_as``: ``"bram"``, ``"spram"``, ``"lut_ram"``, or, without such a
        cell, ``"lut"`` for constants and ``"ff"`` for what is written; ``count`` of its cells, if
        they are memories.
    """
    found: dict[tuple[str | None, str], Counter[str]] = {}
    for entry in cells:
        if rams := {kind: entry[kind] for kind in _RAMS if kind in entry}:
            place = parts.place(entry)
            content = _content(parts.module(place))
            found.setdefault((parts.of(place), content), Counter()).update(rams)
    result = []
    for unit in plan.units:
        for content, _ in _CONTENTS:
            rams = found.get((unit.name, content), Counter())
            entry = {"unit": unit.name, "content": content}
            if rams:
                result += [entry | {"built_as": kind, "count": rams[kind]} for kind in rams]
            elif content in _expected(plan, unit):
                written = content in ("activations", "branch")
                result.append(entry | {"built_as": "ff" if written else "lut"})
    return result


def _expected(plan: Plan, unit: Unit) -> set[str]:
    """Contents that a unit holds in any case, wherever they are."""
    joined = any(plan.buffers.get(f"{unit.name}.{index}") for index in range(len(unit.sources)))
    return {
        content
        for content, is_there in (
            ("activations", unit.activation_buffer),
            ("weights", unit.schedules),
            ("thresholds", unit.decisions().get("form")),
            ("branch", joined),
        )
        if is_there
    }


def _content(module: str) -> str:
    return next((content for content, heads in _CONTENTS if module.startswith(heads)), "other")


def critical_path(parts: Parts, path: Mapping) -> dict:
    """The slowest path from register to register, in terms of units.

    Parameters
    ----------
    parts : Parts
    path : mapping
        See :func:`~threefold.tools.nextpnr.read_critical_path`.

    Returns
    -------
    dict
        ``delay_ns``, ``logic_ns`` and ``routing_ns``; ``from`` and ``to``, each with ``unit``,
        absent outside of the accelerator, and ``module`` within it; ``units`` on the way, in
        order; ``levels``, the number of cells between the registers.
    """
    names = path["cells"]
    ends = {}
    for end, name in (("from", names[0]), ("to", names[-1])):
        place = parts.place_of(name)
        unit = parts.of(place)
        ends[end] = ({"unit": unit} if unit else {}) | {"module": parts.module(place)}
    return {
        "delay_ns": path["logic_ns"] + path["routing_ns"],
        "logic_ns": path["logic_ns"],
        "routing_ns": path["routing_ns"],
        "units": parts.along(names),
        "levels": max(len(names) - 2, 0),
    } | ends
