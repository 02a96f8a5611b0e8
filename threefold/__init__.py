"""Threefold: from a PyTorch network to a ternary accelerator on a small FPGA."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import boards, references, samples
    from .boards import Board
    from .evaluation import evaluate
    from .hw.accelerator import Accelerator
    from .network import Network, load, save
    from .plan import Folding, Plan, fit, fold
    from .project import Project
    from .sim import golden
    from .sim.simulate import simulate

__all__ = [
    "Accelerator",
    "Board",
    "Folding",
    "Network",
    "Plan",
    "Project",
    "boards",
    "evaluate",
    "fit",
    "fold",
    "golden",
    "load",
    "references",
    "samples",
    "save",
    "simulate",
]

__version__ = "0.1.0"

_HOME = {
    "Accelerator": "hw.accelerator",
    "Board": "boards",
    "Folding": "plan",
    "Network": "network",
    "Plan": "plan",
    "Project": "project",
    "evaluate": "evaluation",
    "fit": "plan",
    "fold": "plan",
    "load": "network",
    "save": "network",
    "simulate": "sim.simulate",
}
_MODULES = {
    "boards": "boards",
    "golden": "sim.golden",
    "references": "references",
    "samples": "samples",
}


def __getattr__(name: str):
    # Loaded when asked for, so that whoever wants one part does not wait for all of them.
    if name in _MODULES:
        return importlib.import_module(f".{_MODULES[name]}", __name__)
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
