"""Parts of a placed design: which unit of a plan each cell belongs to."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ..fpga import Family
from ..hw.board_top import ACCELERATOR
from ..plan import Plan, Unit
from ..plan.units.block import Block
from ..plan.units.connectors import Fork
from ..tools.placed import Place, place_of

__all__ = ["INTERFACE", "Parts"]

INTERFACE = ""
"""Part of what is around an accelerator on a board: clock, serial line and LEDs."""


class Parts:
    """Units of a plan as parts of a design.

    What leads to a unit, such as a deserializer or the FIFO before a join, is part of that unit; a
    fork is part of the unit whose results it hands on.

    Parameters
    ----------
    plan : Plan
    family : Family
        Family of the device that the design was placed for.
    """

    def __init__(self, plan: Plan, family: Family):
        self._family = family
        self._instances = plan.netlist.instances
        self._index = {each.name: index for index, each in enumerate(self._instances)}
        self._readers: dict[int, list[int]] = {}
        for index, instance in enumerate(self._instances):
            for wire in instance.inputs:
                self._readers.setdefault(wire.instance, []).append(index)

    def of(self, place: Place) -> str | None:
        """Name of the unit that cells of this place belong to.

        :data:`INTERFACE` for what surrounds the accelerator; None if the place does not tell.
        """
        if not place.path:
            return None
        instance, _, inner = self._within(place.path).partition(".")
        index = self._index.get(instance, -1)
        if place.drives and not inner and index >= 0:
            index = self._driver(index, place.drives)
        return INTERFACE if index < 0 else self._unit(index).name

    def place(self, entry: Mapping) -> Place:
        """Place of an entry of :func:`~threefold.tools.placed.count_placed`."""
        return Place(entry["path"], entry.get("drives", ""))

    def place_of(self, name: str) -> Place:
        """Place of a cell, by its name."""
        return place_of(name, self._family)

    def along(self, names: Iterable[str]) -> list[str]:
        """Units that cells with these names lead through, each once where several follow."""
        parts = (self.of(self.place_of(name)) for name in names)
        return [unit for unit, _ in groupby(part for part in parts if part)]

    def module(self, place: Place) -> str:
        """Module within its unit that a place is in, such as ``"array.weights"``.

        For a connector it is its kind, such as ``"fifo"``, and around the accelerator the path.
        """
        path = _NUMBER.sub("", place.path)
        name, _, inner = self._within(path).partition(".")
        if name not in self._index:
            return path
        block = self._instances[self._index[name]].block
        return inner if isinstance(block, Unit) else block.kind

    def blocks(self, unit: str) -> Iterator[Block]:
        """Blocks that are part of a unit, itself included."""
        for index, instance in enumerate(self._instances):
            if self._unit(index).name == unit:
                yield instance.block

    def count(self, cells: Sequence[Mapping]) -> dict[str | None, Counter[str]]:
        """Cells of each kind in each part.

        Parameters
        ----------
        cells : sequence of mapping
            See :func:`~threefold.tools.placed.count_placed`.
        """
        counts: dict[str | None, Counter[str]] = {}
        for entry in cells:
            part = self.of(self.place(entry))
            numbers = {kind: entry[kind] for kind in entry if kind not in Place._fields}
            counts.setdefault(part, Counter()).update(numbers)
        return counts

    def _within(self, path: str) -> str:
        """Path within the accelerator; empty for what is around it."""
        return path.removeprefix(f"{ACCELERATOR}.") if path.startswith(f"{ACCELERATOR}.") else ""

    def _driver(self, index: int, signal: str) -> int:
        """The instance that drives a signal at a port of an instance; −1 for what is around."""
        port, _, member = signal.partition("__")
        instance = self._instances[index]
        if port in instance.block.i_ports and not member.endswith("ready"):
            return instance.inputs[instance.block.i_ports.index(port)].instance
        if port == "o" and member.endswith("ready"):
            return self._readers.get(index, [-1])[0]
        return index

    def _unit(self, index: int) -> Unit:
        block = self._instances[index].block
        if isinstance(block, Unit):
            return block
        source = self._instances[index].inputs[0].instance
        if isinstance(block, Fork) and source >= 0:
            return self._unit(source)
        return self._unit(self._readers[index][0])


_NUMBER = re.compile(r"\$\d+")  # behind a name that is there twice
