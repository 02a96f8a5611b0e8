"""Planning: which layer gets how many processing elements, and what that costs and gives."""

from .align import align
from .area import MEMORIES, Resources
from .cycles import Cycles
from .engine import EnginePlan, PoolPlan, StepPlan
from .file import load_plan, save_plan
from .fit import Budget, fit
from .layer import Layer
from .lower import lower
from .plan import Plan, check_choices, fold
from .requantize import FORMS
from .resources import estimate
from .schedule import Folding, Schedule

__all__ = [
    "FORMS",
    "MEMORIES",
    "Budget",
    "Cycles",
    "EnginePlan",
    "Folding",
    "Layer",
    "Plan",
    "PoolPlan",
    "Resources",
    "Schedule",
    "StepPlan",
    "align",
    "check_choices",
    "estimate",
    "fit",
    "fold",
    "load_plan",
    "lower",
    "save_plan",
]
