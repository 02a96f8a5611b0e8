"""Job: an accelerator and its bench in a folder, where a process of its own simulates them."""

import json
import sys
import time
from pathlib import Path

from threefold.errors import BuildError
from threefold.files import write_file
from threefold.plan import Plan
from threefold.progress import Progress, no_progress
from threefold.tools import toolchain
from threefold.tools.process import child

from . import bench
from .feed import feed_model
from .streams import Stream

__all__ = ["TOOLS", "Job"]

TOOLS = {"verilator": ("verilator", "perl", "g++", "make"), "icarus": ("iverilog", "vvp")}
"""Programs that each simulator needs."""


class Job:
    """Simulation of an accelerator with its bench.

    Parameters
    ----------
    plan : Plan
    rtl : str
        Verilog of the accelerator, whose top module is named like the network.
    streams : list of Stream
        What the bench compares, as :func:`~threefold.sim.bench.bench` takes them.
    folder : Path
        For sources, the simulator's build and its log.
    simulator : str
        One of :data:`TOOLS`.
    """

    def __init__(self, plan: Plan, rtl: str, streams: list[Stream], folder: Path, simulator: str):
        name = plan.network.name
        self._folder = folder
        self._simulator = simulator
        self._toplevel = bench.bench_name(name)
        # A simulator compiles nothing again whose sources did not change.
        _update(folder / "design.v", rtl)
        _update(
            folder / "bench.v",
            bench.bench(
                name,
                streams,
                loads=plan.loadable,
                feed=feed_model(plan) if plan.streamed else None,
                widths=1 + len(plan.widths),
            ),
        )

    def run(
        self,
        arguments: list[str],
        *,
        waves: bool,
        progress: Progress = no_progress,
    ) -> tuple[bench.Events, float]:
        """What happened, and how many seconds the run took; ``progress`` is told images.

        Raises
        ------
        BuildError
            If the simulator fails.
        """
        folder = self._folder
        for stale in ("built", "progress", "result.json", bench.LOG):
            (folder / stale).unlink(missing_ok=True)
        job = {
            "simulator": self._simulator,
            "sources": ["design.v", "bench.v"],
            "toplevel": self._toplevel,
            "arguments": arguments,
            "waves": waves,
        }
        write_file(folder / "job.json", json.dumps(job, indent=1, sort_keys=True))
        self._wait(progress)
        result = folder / "result.json"
        if not result.exists():
            toolchain.require_space(self._simulator, folder)
            raise BuildError(f"{self._simulator} failed; see {folder / _LOG}")
        events = bench.Events.read(folder / bench.LOG)
        progress("simulate", len(events.left))
        return events, json.loads(result.read_text())["seconds"]

    def _wait(self, progress: Progress) -> None:
        """Run the process to its end."""
        folder = self._folder
        variables = toolchain.environment(*TOOLS[self._simulator]) | {"MAKEFLAGS": _MAKEFLAGS}
        command = [sys.executable, "-m", "threefold.sim.runner", str(folder)]
        with child(command, cwd=folder, env=variables, log=folder / _LOG) as process:
            while process.poll() is None:
                time.sleep(0.05)
                built = (folder / "built").exists()
                progress("simulate" if built else "compile", _images_done(folder))


def _update(path: Path, text: str) -> None:
    """Write ``text`` unless it is what the file holds."""
    if not path.exists() or path.read_bytes() != text.encode():
        write_file(path, text)


def _images_done(folder: Path) -> int:
    try:
        return int((folder / "progress").read_text() or 0)
    except FileNotFoundError:
        return 0


_LOG = "simulation.log"
# The packaged Verilator lacks the flag that includes its precompiled header.
_MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O1"
