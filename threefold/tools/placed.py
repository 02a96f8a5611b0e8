"""Placed cells: how many of each kind the parts of a design take, by the names of its cells."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ..errors import BuildError
from ..fpga import Family

__all__ = ["Place", "count_placed", "place_of"]


class Place(NamedTuple):
    """Where a cell belongs in the hierarchy of a design, as far as its name tells.

    Attributes
    ----------
    path : str
        Module that its name leads to, such as ``"link.accelerator.engine_fc1.array"``.
    drives : str
        Signal of a stream port of this module that it drives, such as ``"i__payload"``; empty for
        other cells. What drives an input of a module is outside of it.
    """

    path: str
    drives: str = ""


def place_of(name: str, family: Family) -> Place:
    """Place of a cell.

    Yosys flattens a design before it maps it, names each cell after the signal that it drives or,
    if that has no name, one that it reads, and keeps the path of the signal.

    Parameters
    ----------
    name : str
        Name of a cell, or of a net.
    family : Family
        One with a tool flow.
    """
    path, _, last = name.rpartition(".")
    path = _ELEMENT.sub("", path)
    if (port := _PORT.match(last)) and re.match(family.flow.driver, last[port.end() :]):
        return Place(path, port[1])
    return Place(path)


_PORT = re.compile(r"(\w+?__(?:\d+__)?(?:valid|ready|payload))(?:\$\d+)?_")
_ELEMENT = re.compile(r"(\.\d+)+$")  # of a memory that takes several cells


def count_placed(path: Path, family: Family) -> list[dict]:
    """Cells by place, from the design that nextpnr wrote.

    Cells that nextpnr adds, such as those that lead a carry out of its chain, have no name that
    tells; they belong where the signals at their ports do.

    Parameters
    ----------
    path : Path
        What ``nextpnr --write`` left.
    family : Family
        Family of the device that it was placed for.

    Returns
    -------
    list of dict
        ``path`` and, unless empty, ``drives`` of a place, and the numbers of ``lut``, ``bram``,
        ``spram`` and ``lut_ram`` cells there, where there are any; sorted. The path is empty
        where no name tells.

    Raises
    ------
    BuildError
        If the file is not what nextpnr writes.
    """
    kinds = {
        cell: (kind, cells.count(cell))
        for kind, cells in family.flow.placed.items()
        for cell in cells
    }
    counts: dict[Place, Counter[str]] = {}
    try:
        (module,) = json.loads(path.read_text())["modules"].values()
        names = _telling_names(module)
        for name, cell in module["cells"].items():
            if cell["type"] in kinds:
                kind, number = kinds[cell["type"]]
                place = place_of(names.get(name, ""), family)
                counts.setdefault(place, Counter())[kind] += number
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BuildError(f"cannot read the placed design in {path}; see nextpnr's log") from None
    return [
        {"path": place.path} | ({"drives": place.drives} if place.drives else {}) | dict(count)
        for place, count in sorted(counts.items())
    ]


def _telling_names(module: Mapping) -> dict[str, str]:
    """For each cell its name or, if nextpnr made that up, one of a signal or cell beside it.

    A name goes on from cell to cell where a signal connects just two, as along a chain of carries.
    """
    cells = module["cells"]
    bits = {name: [*chain(*cells[name]["connections"].values())] for name in cells}
    shared = Counter(chain(*bits.values()))
    signals = {
        bit: name
        for name, net in module["netnames"].items()
        for bit in net["bits"]
        if shared[bit] <= _FEW and not name.startswith("$")
    }
    names = {name: name for name in cells if not name.startswith("$")}
    beside: dict[int, str] = {}
    for name in names:
        beside |= {bit: name for bit in bits[name] if shared[bit] == 2}
    beside |= signals
    unnamed = [name for name in cells if name not in names]
    while unnamed:
        found = {
            name: beside[bit] for name in unnamed for bit in reversed(bits[name]) if bit in beside
        }
        if not found:
            break
        names |= found
        unnamed = [name for name in unnamed if name not in found]
        for name in found:
            beside |= {bit: names[name] for bit in bits[name] if shared[bit] == 2}
    return names


_FEW = 8  # cells at a signal that may tell where they belong; clocks and constants have more
