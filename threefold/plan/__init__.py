"""Planning: which layer gets how many processing elements, and what that costs and gives."""

from .alignment import align
from .area import MEMORIES
from .cycle_model import Cycles
from .file import load_plan, save_plan
from .layers import Layer
from .lower import lower
from .plan import Plan, fold
from .ports import Port, Ports
from .requantize import FORMS
from .schedule import Folding, Schedule
from .search import fit, require_room
from .units import KINDS, Unit

__all__ = [
    "FORMS",
    "KINDS",
    "MEMORIES",
    "Cycles",
    "Folding",
    "Layer",
    "Plan",
    "Port",
    "Ports",
    "Schedule",
    "Unit",
    "align",
    "fit",
    "fold",
    "load_plan",
    "lower",
    "require_room",
    "save_plan",
]
