"""Runs of a core in Verilator, driven by bus models of other people through cocotb."""

import json
import subprocess
import sys
from pathlib import Path

from threefold.hw.verilog import to_verilog
from threefold.tools.toolchain import environment

__all__ = ["run_foreign"]

_TOOLS = ("verilator", "perl", "g++", "make")
# The packaged Verilator does not know the first. Runs are so short that compiling takes longest.
_MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_SLOW=-O0"


def run_foreign(folder, traffic, core, **job):
    """Run the tests of a module of traffic on a core; what they found, and their log.

    ``job`` is JSON that they read from ``job.json``.
    """
    (folder / "core.v").write_text(to_verilog(core, "core"))
    (folder / "job.json").write_text(json.dumps(job))
    script = Path(__file__).with_name("run.py")
    done = subprocess.run(
        [sys.executable, script, traffic],
        cwd=folder,
        env=environment(*_TOOLS) | {"MAKEFLAGS": _MAKEFLAGS},
        capture_output=True,
        text=True,
        timeout=500,
    )
    log = done.stdout + done.stderr
    found = folder / "found.json"
    return (json.loads(found.read_text()) if found.exists() else {}), done.returncode, log
