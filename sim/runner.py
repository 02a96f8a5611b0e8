"""Simulation runner: a process of its own, with its output in a log."""

import json
import logging
import shutil
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner

__all__ = ["main"]

_BUILD_ARGS = {
    # cocotb makes every signal public, which forbids nearly every optimisation; the bench names
    # the few that it needs.
    "verilator": ["-Wno-fatal", "-Wno-lint", "-Wno-style", "-O3", "--no-public-flat-rw"],
    # In SystemVerilog, variables have their initial values before any process runs, so that an
    # always @* of initial values alone never runs in Icarus; in Verilog it runs at time 0.
    "icarus": ["-g2005"],
}
# The module with which cocotb records waveforms in Icarus is SystemVerilog.
_WAVES = """\
module waves;
    initial begin
        $dumpfile("dump.fst");
        $dumpvars(0, {toplevel});
    end
endmodule
"""
_log = logging.getLogger(__name__)


def main(folder: str) -> None:
    """Run the job in ``folder``.

    If that fails with a build of an earlier run, which may be damaged, it is made anew.
    """
    path = Path(folder)
    job = json.loads((path / "job.json").read_text())
    build = path / ("build_waves" if job["waves"] else "build")
    complete = build / "complete"
    if complete.exists():
        try:
            _run(path, job, build, complete)
        except (Exception, SystemExit) as error:
            _log.error("%s", error)
        if (path / "result.json").exists():
            return
        _log.error("the build is made anew")
    shutil.rmtree(build, ignore_errors=True)
    _run(path, job, build, complete)


def _run(path: Path, job: dict, build: Path, complete: Path) -> None:
    """Compile what is out of date and simulate; ``complete`` is there if ``build`` can be used."""
    for stale in (complete, path / "built", path / "progress"):
        stale.unlink(missing_ok=True)
    simulator, waves = job["simulator"], job["waves"]
    sources, build_args = job["sources"], _BUILD_ARGS[simulator]
    if simulator == "icarus" and waves:
        (path / "waves.v").write_text(_WAVES.format(toplevel=job["toplevel"]))
        sources, build_args = [*sources, "waves.v"], [*build_args, "-s", "waves"]
    runner = get_runner(simulator)
    runner.build(
        sources=[path / source for source in sources],
        hdl_toplevel=job["toplevel"],
        build_dir=build,
        build_args=build_args,
        waves=waves and simulator != "icarus",
        timescale=("1ns", "1ns"),
    )
    complete.touch()
    (path / "built").touch()
    runner.test(
        test_module="threefold.sim.testbench",
        hdl_toplevel=job["toplevel"],
        build_dir=build,
        test_dir=path,
        plusargs=[f"+job={path}", *job["arguments"]],
        waves=waves,
    )


if __name__ == "__main__":
    main(sys.argv[1])
