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
from .dataflow import joins
from .engine import EnginePlan, PoolPlan, StepPlan
from .layer import Layer
from .lower import lower
from .plan import Plan
from .schedule import Folding
from .steps import Pool, Requantize, Step

__all__ = ["SCHEMA", "digest", "load_plan", "save_plan"]

SCHEMA = 2
"""Version of the file format; files of another version are refused."""

_MAX_WORDS = 1 << 24  # of a buffer


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
    steps, argmax = lower(network)
    try:
        entries = content.get("steps")
        if not isinstance(entries, list) or len(entries) != len(steps):
            raise FileFormatError(f"it must list {len(steps)} steps")
        plans = tuple(_step(step, entry) for step, entry in zip(steps, entries, strict=True))
        buffers = _buffers(plans, content.get("buffers"))
        plan = Plan(network, plans, argmax, buffers, str(content.get("board", "")))
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


def _step(step: Layer | Step, entry) -> EnginePlan | PoolPlan | StepPlan:
    if not isinstance(entry, dict) or entry.get("name") != step.name:
        raise FileFormatError(f"the entry of {step.name!r} is not where it should be")
    lanes = _integer(entry, "lanes", step.name)
    if isinstance(step, Requantize):
        return StepPlan(step, lanes, _string(entry, "form", step.name))
    if not isinstance(step, Layer | Pool):
        return StepPlan(step, lanes)
    depth = _integer(entry, "depth", step.name)
    if not 1 <= depth <= _MAX_WORDS:
        raise FileFormatError(
            f"'depth' of {step.name!r} must be 1…{_MAX_WORDS} words, not {_shown(depth)}"
        )
    memory = _string(entry, "memory", step.name)
    if isinstance(step, Pool):
        return PoolPlan(step, lanes, depth, memory)
    folding = Folding(_integer(entry, "pe", step.name), _integer(entry, "simd", step.name))
    return EnginePlan(step, folding, lanes, depth, memory, _string(entry, "form", step.name))


def _string(entry: dict, key: str, name: str) -> str:
    text = entry.get(key)
    if not isinstance(text, str):
        raise FileFormatError(f"{key!r} of {name!r} must be a name, not {_shown(text)}")
    return text


def _buffers(plans, content) -> dict[str, int]:
    names = set(joins(plans))
    if not isinstance(content, dict) or set(content) != names:
        raise FileFormatError(f"it must state {len(names)} buffers before joins")
    for name in names:
        depth = _integer(content, name, "a join")
        if not 0 <= depth <= _MAX_WORDS:
            raise FileFormatError(
                f"buffer {name} must be 0…{_MAX_WORDS} beats, not {_shown(depth)}"
            )
    return dict(content)


def _integer(entry: dict, key: str, name: str) -> int:
    number = entry.get(key)
    if type(number) is not int:
        raise FileFormatError(f"{key!r} of {name!r} must be an integer, not {_shown(number)}")
    return number


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
