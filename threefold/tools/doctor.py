"""Doctor: tools and packages that are installed, and how to get those that are not."""

import importlib.metadata
from dataclasses import dataclass

from ..errors import ToolError
from ..fpga import FAMILIES
from .toolchain import TOOLS, find

__all__ = ["ToolStatus", "doctor"]


@dataclass(frozen=True)
class ToolStatus:
    """One tool or Python package.

    Parameters
    ----------
    name : str
        Tool or package.
    purpose : str
        What Threefold needs it for.
    needed : bool
        Whether ``train``, ``plan``, ``build`` or ``simulate`` fails without it.
    version : str
        Version found; empty if missing or not told.
    where : str
        Path of a tool, ``"Python package"``, or empty if missing.
    problem : str
        Empty if all is well, else what is wrong and how to get it.
    """

    name: str
    purpose: str
    needed: bool
    version: str
    where: str
    problem: str

    @property
    def ok(self) -> bool:
        """Whether it can be used."""
        return not self.problem


_TOOLS = {
    "yosys": ("synthesis", True),
    **{
        program.name: (program.purpose, program.needed and not family.flow.extra)
        for family in FAMILIES.values()
        for program in family.flow.programs
    },
    "sby": ("formal proofs", False),
    "z3": ("formal proofs", False),
    "verilator": ("simulation", True),
    "g++": ("simulation", True),
    "make": ("simulation", True),
    "perl": ("simulation", True),
    "openFPGALoader": ("programming boards", False),
    "iverilog": ("simulation with Icarus", False),
    "vvp": ("simulation with Icarus", False),
}

_PACKAGES = {
    # distribution: purpose, needed, how to get it
    "amaranth": ("hardware", True, "pip install amaranth"),
    "amaranth-boards": ("boards", True, "pip install amaranth-boards"),
    "cocotb": ("simulation", True, "pip install cocotb"),
    "torch": ("training", False, "pip install 'threefold[train]'"),
    "scikit-learn": ("training data", False, "pip install 'threefold[train]'"),
    "qonnx": ("imports from ONNX", False, "pip install 'threefold[import]'"),
    "brevitas": ("imports from memory", False, "pip install 'threefold[brevitas]'"),
}


def doctor() -> list[ToolStatus]:
    """The state of every tool and package Threefold can use; tools first."""
    return [_tool(name) for name in TOOLS] + [_package(name) for name in _PACKAGES]


def _tool(name: str) -> ToolStatus:
    purpose, needed = _TOOLS[name]
    try:
        tool = find(name)
    except ToolError as error:
        return ToolStatus(name, purpose, needed, "", "", str(error))
    return ToolStatus(name, purpose, needed, tool.version, str(tool.path), "")


def _package(name: str) -> ToolStatus:
    purpose, needed, install = _PACKAGES[name]
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ToolStatus(name, purpose, needed, "", "", f"{name} is missing: {install}")
    return ToolStatus(name, purpose, needed, version, "Python package", "")
