"""Measurements of an accelerator that several scripts take."""

import tempfile
from pathlib import Path

import numpy as np

from threefold.fpga import Family
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.plan import Plan
from threefold.sim.simulate import SimulationResult, simulate
from threefold.tools.synthesis import synthesise

__all__ = ["simulated", "synthesised"]


def simulated(plan: Plan, images: np.ndarray, **options) -> SimulationResult:
    """What the accelerator's Verilog does with images, every beat compared with the golden model.

    Parameters
    ----------
    plan : Plan
    images : array of int, shape (images, height, width, channels)
    options
        Of :func:`~threefold.sim.simulate.simulate`.
    """
    with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
        rtl = Path(folder, "design.v")
        rtl.write_text(to_verilog(Accelerator(plan), plan.network.name))
        return simulate(plan, rtl, images, Path(folder, "sim"), **options)


def synthesised(plan: Plan, family: Family) -> dict[str, int]:
    """Cells that Yosys makes of the accelerator, without a board."""
    with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
        cells = synthesise(Accelerator(plan), family, folder)
    return {"lut": cells.lut, "ff": cells.ff, "bram": cells.bram}
