"""Planning: which layer gets how many processing elements, and what that costs and gives."""

from .cycles import Cycles
from .engine import EnginePlan
from .file import load_plan, save_plan
from .layer import Layer, lower
from .plan import Plan, fold
from .schedule import Folding, Schedule

__all__ = [
    "Cycles",
    "EnginePlan",
    "Folding",
    "Layer",
    "Plan",
    "Schedule",
    "fold",
    "load_plan",
    "lower",
    "save_plan",
]
