"""Layers in turn on one array: passes over maps, their tiles, places of maps and cycles."""

from .array import Array
from .contents import Contents
from .fields import Field
from .limits import Limits
from .maps import Maps
from .passes import Pass, passes_of
from .program import Program, limits_of
from .tiles import PassTiles
from .timing import pass_cycles, run_cycles
from .wide import parted, parts_of

__all__ = [
    "Array",
    "Contents",
    "Field",
    "Limits",
    "Maps",
    "Pass",
    "PassTiles",
    "Program",
    "limits_of",
    "parted",
    "parts_of",
    "pass_cycles",
    "passes_of",
    "run_cycles",
]
