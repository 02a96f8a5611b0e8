"""FPGAs: families, one module each, and their devices."""

from ..errors import PlanError
from .cell import Bits, Cell, LutTree, MaskedCarry, SinglePort
from .device import Device
from .ecp5 import ECP5
from .family import MEMORIES, ChainCost, Family, LutRam, ReaderCost
from .flow import Command, Flow
from .gatemate import GATEMATE
from .generic import GENERIC
from .gowin import GOWIN
from .ice40 import ICE40
from .nexus import NEXUS
from .pll import PLL, MemoryClocks
from .resources import Resources

__all__ = [
    "FAMILIES",
    "GENERIC",
    "MEMORIES",
    "PLL",
    "Bits",
    "Cell",
    "ChainCost",
    "Command",
    "Device",
    "Family",
    "Flow",
    "LutRam",
    "LutTree",
    "MaskedCarry",
    "MemoryClocks",
    "ReaderCost",
    "Resources",
    "SinglePort",
    "get",
]

FAMILIES = {family.name: family for family in (ICE40, ECP5, GOWIN, NEXUS, GATEMATE)}
"""The families that accelerators are built for, by name."""


def get(name: str) -> Family:
    """The family called ``name``.

    Raises
    ------
    PlanError
        If there is none.
    """
    if name not in FAMILIES:
        raise PlanError(f"family must be one of {', '.join(FAMILIES)}, not {name!r}")
    return FAMILIES[name]
