"""Threefold: from a PyTorch network to a ternary accelerator on a small FPGA."""

import importlib

__all__ = ["Folding", "Network", "Project", "fit", "fold", "load", "save"]

__version__ = "0.1.0"

_HOME = {
    "Folding": "plan",
    "Network": "network",
    "Project": "project",
    "fit": "plan",
    "fold": "plan",
    "load": "network",
    "save": "network",
}


def __getattr__(name: str):
    # Loaded when asked for, so that whoever wants one part does not wait for all of them.
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
