"""Plan files, JSON: the decisions, and the network they are about.

A file holds decisions alone. What follows from them, such as tiles, cycles and resources, is
derived when it is asked for, so that a plan stays what it is when a model gets better.
"""

import hashlib
import json
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import FileFormatError, PlanError
from ..files import read_json, write_file
from ..network import Network
from ..network.file import digest as network_digest
from .layers import Layer, lower
from .netlist import joins
from .plan import Plan
from .units import Unit, kind_named

__all__ = ["SCHEMA", "digest", "dumps", "load_plan", "mark", "save_plan"]

SCHEMA = 4
"""Version of the file format; files of another version are refused."""

_MOST_BEATS = 1 << 24  # of a FIFO before a join


def save_plan(plan: Plan, path: Path | str) -> None:
    """Write ``plan`` to ``path``; the same plan always gives the same bytes.

    Raises
    ------
    BuildError
        If the file cannot be written; nothing half-written is left behind.
    """
    write_file(path, dumps(plan))


def digest(plan: Plan) -> str:
    """SHA-256 of the decisions and of the network's digest, in hexadecimal.

    It says which plan a result belongs to, whatever the format of its file.
    """
    content = plan.decisions() | {"network_digest": network_digest(plan.network)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def mark(plan: Plan) -> str:
    """What texts made from a plan say of it within their first kilobyte."""
    return f"Plan SHA-256: {digest(plan)}"


def dumps(plan: Plan) -> str:
    """The plan as JSON text, the same for the same plan."""
    content = plan.decisions() | {
        "schema": SCHEMA,
        "network": plan.network.name,
        "network_digest": network_digest(plan.network),
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def load_plan(network: Network, path: Path | str) -> Plan:
    """Read the plan of ``network`` back from ``path``.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, of another version, or holds no such plan.
    PlanError
        If it is a plan of another network.
    """
    content = read_json(path)
    schema = content.get("schema")
    if schema != SCHEMA:
        raise FileFormatError(
            f"the schema of {path} is {reprlib.repr(schema)}, but this version of Threefold reads "
            f"{SCHEMA}; plan again"
        )
    if content.get("network_digest") != network_digest(network):
        raise PlanError(f"{path} is the plan of another network than {network.name!r}; plan again")
    try:
        widths = _widths(network, content.get("widths", []))
        units = _units(lower(network, widths), content.get("units"))
        board = content.get("board")
        if not isinstance(board, str):
            raise FileFormatError(f"'board' must be a name, not {reprlib.repr(board)}")
        plan = Plan(
            network, units, _fifos(units, content.get("buffers")), board, widths=tuple(widths)
        )
        if plan.buffers:
            _ = plan.cycles  # raises if branches deadlock
        return plan
    except (FileFormatError, PlanError) as error:
        raise FileFormatError(f"{path} is not a usable plan: {error}; plan again") from None


def _widths(network: Network, names: object) -> list[str]:
    """Names of narrower widths of a network."""
    if not isinstance(names, list) or len({*map(repr, names)} & {*map(repr, network.widths)}) != (
        len(names)
    ):
        known = ", ".join(network.widths) or "none"
        raise FileFormatError(
            f"'widths' must name widths of the network, {known}, not {reprlib.repr(names)}"
        )
    return names


def _units(layers: Sequence[Layer], entries: object) -> tuple[Unit, ...]:
    """The units that entries tell of, which realize all layers in order."""
    if not isinstance(entries, list):
        raise FileFormatError(f"'units' must be a list, not {reprlib.repr(entries)}")
    left, units = list(layers), []
    for entry in entries:
        names = entry.get("layers") if isinstance(entry, dict) else None
        count = len(names) if isinstance(names, list) else 0
        taken, left = tuple(left[:count]), left[count:]
        if not count or names != [layer.name for layer in taken]:
            wanted = repr((*taken, *left)[0].name) if taken or left else "nothing more"
            raise FileFormatError(
                f"the layers of a unit must begin with {wanted}, not {reprlib.repr(names)}"
            )
        units.append(_unit(taken, entry.get("kind"), entry.get("decisions")))
    if left:
        raise FileFormatError(f"no unit realizes {left[0].name!r}")
    return tuple(units)


def _unit(layers: tuple[Layer, ...], kind: object, decisions: object) -> Unit:
    if not isinstance(kind, str):
        raise FileFormatError(f"'kind' must be a name, not {reprlib.repr(kind)}")
    if not isinstance(decisions, Mapping):
        raise FileFormatError(f"'decisions' must be an object, not {reprlib.repr(decisions)}")
    found = kind_named(kind)
    if not found.accepts(layers):
        names = ", ".join(repr(layer.name) for layer in layers)
        raise FileFormatError(f"a unit of kind {kind!r} does not realize {names}")
    return found.from_decisions(layers, decisions)


def _fifos(units: Sequence[Unit], content: object) -> dict[str, int]:
    names = joins(units)
    if not isinstance(content, dict) or set(content) != set(names):
        raise FileFormatError(f"'buffers' must hold {', '.join(names) or 'nothing'}")
    for name in names:
        depth = content[name]
        if type(depth) is not int or not 0 <= depth <= _MOST_BEATS:
            raise FileFormatError(
                f"FIFO {name} must be 0…{_MOST_BEATS} beats, not {reprlib.repr(depth)}"
            )
    return dict(content)
