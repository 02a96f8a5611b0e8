"""Simulation runner: a process of its own, with its output in a log."""

import json
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

__all__ = ["main"]

_BUILD_ARGS = {
    # cocotb makes every signal public, which forbids nearly every optimisation; the bench names
    # the few that it needs.
    "verilator": ["-Wno-fatal", "-Wno-lint", "-Wno-style", "-O3", "--no-public-flat-rw"],
    "icarus": ["-g2012"],
}


def main(folder: str) -> None:
    """Run the job in ``folder``."""
    path = Path(folder)
    job = json.loads((path / "job.json").read_text())
    runner = get_runner(job["simulator"])
    build = path / ("build_waves" if job["waves"] else "build")
    runner.build(
        sources=[path / source for source in job["sources"]],
        hdl_toplevel=job["toplevel"],
        build_dir=build,
        build_args=_BUILD_ARGS[job["simulator"]],
        waves=job["waves"],
        timescale=("1ns", "1ns"),
    )
    (path / "built").touch()
    runner.test(
        test_module="threefold.sim.testbench",
        hdl_toplevel=job["toplevel"],
        build_dir=build,
        test_dir=path,
        plusargs=[f"+job={path}", *job["arguments"]],
        waves=job["waves"],
    )


if __name__ == "__main__":
    main(sys.argv[1])
