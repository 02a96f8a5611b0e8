"""Planning: processing elements for each layer, with their cost and speed."""

from .alignment import align
from .alternative import Alternative
from .cycle_model import Cycles
from .file import load_plan, save_plan
from .image import covering, image_of, reloaded
from .layers import Layer, lower
from .plan import Plan
from .ports import Port, Ports
from .requantize import FORMS
from .schedule import Folding, Schedule
from .search import aligned, fit, fold, refold, require_room
from .units import KINDS, Unit

__all__ = [
    "FORMS",
    "KINDS",
    "Alternative",
    "Cycles",
    "Folding",
    "Layer",
    "Plan",
    "Port",
    "Ports",
    "Schedule",
    "Unit",
    "align",
    "aligned",
    "covering",
    "fit",
    "fold",
    "image_of",
    "load_plan",
    "lower",
    "refold",
    "reloaded",
    "require_room",
    "save_plan",
]
