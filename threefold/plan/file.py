"""Plans as JSON files: what was decided, and of which network.

The file is for people to read as well, so it also states what follows from the decisions:
tiles, bits, cycles. Reading it back makes the plan again and compares, so that a figure that
was edited is refused instead of believed.
"""

import hashlib
import json
from pathlib import Path

from ..errors import FileFormatError, PlanError
from ..files import read_json, write_file
from ..network import Network
from ..network.file import digest as network_digest
from .engine import EnginePlan
from .layer import Layer, lower
from .plan import Plan
from .schedule import Folding

__all__ = ["SCHEMA", "digest", "load_plan", "save_plan"]

SCHEMA = 1
"""Version of the file format; files of another version are refused."""

_MAX_BANKS = 64  # predicting takes time in proportion


def save_plan(plan: Plan, path: Path | str) -> None:
    """Write ``plan`` to ``path``; the same plan always gives the same bytes.

    Raises
    ------
    BuildError
        If the file cannot be written; nothing half-written is left behind.
    """
    write_file(path, _dumps(plan))


def digest(plan: Plan) -> str:
    """SHA-256 of the plan's file, in hexadecimal: which plan a result belongs to."""
    return hashlib.sha256(_dumps(plan).encode()).hexdigest()


def load_plan(network: Network, path: Path | str) -> Plan:
    """Read the plan of ``network`` back from ``path``.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, of another version, or contradicts itself.
    PlanError
        If it is a plan of another network.
    """
    content = read_json(path)
    schema = content.get("schema")
    if schema != SCHEMA:
        raise FileFormatError(
            f"the schema of {path} is {schema!r}, but this version of Threefold reads {SCHEMA}"
        )
    if content.get("network_digest") != network_digest(network):
        raise PlanError(f"{path} is the plan of another network than {network.name!r}; plan again")
    layers, argmax = lower(network)
    try:
        entries = content.get("engines")
        if not isinstance(entries, list) or len(entries) != len(layers):
            raise FileFormatError(f"it must list {len(layers)} engines")
        engines = tuple(_engine(layer, entry) for layer, entry in zip(layers, entries, strict=True))
        plan = Plan(network, engines, argmax, str(content.get("board", "")))
        difference = _difference(content, _to_json(plan))
        if difference:
            raise FileFormatError(difference)
    except (FileFormatError, PlanError) as error:
        raise FileFormatError(f"{path} is not a usable plan: {error}; plan again") from None
    return plan


def _dumps(plan: Plan) -> str:
    return json.dumps(_to_json(plan), indent=1, sort_keys=True) + "\n"


def _to_json(plan: Plan) -> dict:
    return plan.to_json() | {"schema": SCHEMA, "network_digest": network_digest(plan.network)}


def _engine(layer: Layer, entry) -> EnginePlan:
    if not isinstance(entry, dict) or entry.get("name") != layer.name:
        raise FileFormatError(f"the engine of {layer.name!r} is not where it should be")
    numbers = {}
    for key in ("pe", "simd", "lanes", "banks"):
        numbers[key] = entry.get(key)
        if type(numbers[key]) is not int:
            raise FileFormatError(
                f"{key!r} of {layer.name!r} must be an integer, not {_shown(numbers[key])}"
            )
    if numbers["banks"] > _MAX_BANKS:
        raise FileFormatError(
            f"{layer.name!r} may have at most {_MAX_BANKS} banks, not {_shown(numbers['banks'])}"
        )
    folding = Folding(numbers["pe"], numbers["simd"])
    return EnginePlan(layer, folding, numbers["lanes"], numbers["banks"])


def _difference(got, expected, where: str = "") -> str | None:
    """The first place where two JSON values differ, or None."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(expected.keys() | got.keys()):
            place = f"{where}.{key}" if where else key
            if key not in got:
                return f"{place} is missing"
            if key not in expected:
                return f"{_shown(place)} means nothing"
            if found := _difference(got[key], expected[key], place):
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list) and len(got) == len(expected):
        for index, (mine, yours) in enumerate(zip(got, expected, strict=True)):
            if found := _difference(mine, yours, f"{where}[{index}]"):
                return found
        return None
    if type(got) is type(expected) and got == expected:
        return None
    return f"{where} is {_shown(got)}, but the network and its folding give {_shown(expected)}"


def _shown(value) -> str:
    """``value`` for a message of one line, however long it is."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a huge number"
    return text if len(text) <= 40 else f"{text[:39]}…"
