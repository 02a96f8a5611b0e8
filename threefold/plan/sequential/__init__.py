"""Layers in turn on one array: passes over maps, their tiles, places of maps and cycles."""

from .ahead import MapsAhead
from .array import Array
from .batch_maps import BatchMaps
from .batch_program import BatchProgram
from .contents import Contents
from .feed import Feed, FeedClock
from .fields import Field
from .limits import Limits
from .maps import Maps
from .passes import Pass, passes_of
from .program import Program, limits_of
from .streamed import StreamedProgram
from .streaming import Memory, StreamedRun, Stretch, Turn, streamed_run, stretches, turns_of
from .tiles import PassTiles
from .timing import pass_cycles, run_cycles
from .weight_bytes import DENSITIES, densest, row_words
from .wide import parted, parts_of

__all__ = [
    "DENSITIES",
    "Array",
    "BatchMaps",
    "BatchProgram",
    "Contents",
    "Feed",
    "FeedClock",
    "Field",
    "Limits",
    "Maps",
    "MapsAhead",
    "Memory",
    "Pass",
    "PassTiles",
    "Program",
    "StreamedProgram",
    "StreamedRun",
    "Stretch",
    "Turn",
    "densest",
    "limits_of",
    "parted",
    "parts_of",
    "pass_cycles",
    "passes_of",
    "row_words",
    "run_cycles",
    "streamed_run",
    "stretches",
    "turns_of",
]
