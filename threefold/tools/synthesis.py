"""Synthesis of one component alone, and the cells of its netlist."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Self

from amaranth.lib import wiring

from ..errors import BuildError
from ..files import make_folder
from ..fpga import Family
from ..hw.verilog import to_rtlil
from .toolchain import run

__all__ = ["PREPARE", "Cells", "multipliers", "synthesise"]

PREPARE = """\
rename -hide w:*[[]*
setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:TRANSPARENCY_MASK=1'0 %i r:CLK_ENABLE=1 %i
"""
"""Yosys commands between reading a design and its synthesis.

The first hides the wires Amaranth names after elements of arrays, ``x[0]``, which stop abc9 in
Yosys 0.70 on some designs. The second lets a memory read anything where it is written in the same
cycle, see :class:`threefold.hw.ram.Ram`. It finds the memories with a single port that writes."""

_MULTIPLYING = ("$mul", "$div", "$mod", "$divfloor", "$modfloor", "$macc", "$macc_v2", "$pow")


@dataclass(frozen=True)
class Cells:
    """Cells of a netlist for one FPGA family.

    Parameters
    ----------
    family : Family
        One with a tool flow.
    by_type : dict from str to int
        Number of cells of each type, by the vendor's name.
    """

    family: Family
    by_type: dict[str, int]

    def count(self, *types: str) -> int:
        """Number of cells of the given types."""
        return sum(self.by_type.get(name, 0) for name in types)

    @property
    def lut(self) -> int:
        """Four-input look-up tables, counting those that a carry or a small RAM takes up."""
        return self._total("lut")

    @property
    def ff(self) -> int:
        """Flip-flops."""
        return self._total("ff")

    @property
    def bram(self) -> int:
        """Block RAMs."""
        return self._total("bram")

    @property
    def spram(self) -> int:
        """Large single-port RAMs."""
        return self._total("spram")

    @property
    def dsp(self) -> int:
        """Multipliers, and the adders of products beside them."""
        return self._total("dsp")

    def _total(self, resource: str) -> int:
        weights = self.family.flow.synthesis_cells.get(resource, {})
        return sum(
            weight * number
            for pattern, weight in weights.items()
            for name, number in self.by_type.items()
            if fnmatchcase(name, pattern)
        )

    @classmethod
    def read(cls, family: Family, path: Path) -> Self:
        """From the file that Yosys' ``stat -json`` wrote.

        Raises
        ------
        BuildError
            If the file is not what Yosys writes.
        """
        try:
            by_type = json.loads(path.read_text())["design"]["num_cells_by_type"]
        except (OSError, ValueError, KeyError, TypeError):
            raise BuildError(f"cannot read the cell counts in {path}; see the Yosys log") from None
        cells = {name: number for name, number in by_type.items() if not name.startswith("$")}
        return cls(family, dict(sorted(cells.items())))


def synthesise(
    component: wiring.Component,
    family: Family,
    folder: Path | str,
    *,
    name: str = "top",
    ports=None,
    options: str = "",
) -> Cells:
    """Map a component to the cells of an FPGA family, without placing it.

    Parameters
    ----------
    component : wiring.Component
        What to synthesise; every member of its signature becomes a port.
    family : Family
        One with a tool flow.
    folder : path
        Where ``<name>.il``, ``<name>.ys``, ``<name>.stat.json``, ``<name>.json`` (the netlist)
        and ``yosys.log`` go.
    name : str
        Name of the module.
    ports : sequence of signals or dict, optional
        Ports where they do not follow from the component's signature.
    options : str
        Further options of the family's synthesis, such as ``"-dsp"`` of iCE40.

    Raises
    ------
    ToolError
        If Yosys is missing.
    BuildError
        If Yosys fails.
    """
    folder = make_folder(folder)
    platform = SimpleNamespace(family=family)
    (folder / f"{name}.il").write_text(to_rtlil(component, name, ports, platform))
    flow = family.flow
    for file, content in flow.files.items():
        (folder / file).write_text(content)
    script = f"""\
read_rtlil {name}.il
{PREPARE}{flow.script(name, f"{flow.component_options} {options}".strip())}
tee -q -o {name}.stat.json stat -json
{flow.component_script}
write_json {name}.json
"""
    (folder / f"{name}.ys").write_text(script)
    run("yosys", [f"{name}.ys"], cwd=folder, log=folder / "yosys.log")
    return Cells.read(family, folder / f"{name}.stat.json")


def multipliers(component: wiring.Component, ports=None) -> list[str]:
    """Every multiplication, division or remainder in a component, as it was written.

    Returns
    -------
    list of str
        Cells such as ``"$mul in top.engine"``, sorted; empty if there are none. Multiplications
        by constants are listed too, although synthesis makes them adders.
    """
    found = []
    module = ""
    for line in to_rtlil(component, "top", ports).splitlines():
        if match := re.match(r"module \\(\S+)", line):
            module = match[1]
        elif (match := re.match(r"\s*cell (\S+)", line)) and match[1] in _MULTIPLYING:
            found.append(f"{match[1]} in {module}")
    return sorted(found)
