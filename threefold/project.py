"""A folder of products: one network on its way to a board, step by step.

network.tern    the network
plan.json       how it is folded
rtl/            Verilog
sim/            the simulation and what it measured
gateware/       the bitstream and what made it
firmware/       a C header for whoever drives the accelerator
report.json     all figures
report.html     the same to look at
manifest.json   versions, and digests of everything above
"""

import dataclasses
import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from . import __version__, boards
from .build import BuildResult, Progress, build_bitstream
from .errors import DataError, PlanError
from .files import make_folder, write_file
from .firmware import header
from .hw.accelerator import Accelerator
from .hw.verilog import to_verilog
from .network import Network, load, save
from .plan import Budget, Folding, Plan, fit, fold, load_plan, save_plan
from .sim.simulate import SimulationResult, simulate

__all__ = ["Project"]


class Project:
    """What is in an output folder, and how to get further.

    Parameters
    ----------
    folder : path
        Where the products are; made if it does not exist.
    plan : Plan
        What to build.

    Raises
    ------
    BuildError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path | str, plan: Plan):
        self.folder = make_folder(folder)
        self.plan = plan

    @classmethod
    def create(
        cls,
        network: Network,
        folder: Path | str,
        *,
        board: str = "icebreaker",
        foldings: Mapping[str, Folding] | None = None,
        interval: int | None = None,
    ) -> "Project":
        """Plan a network for a board and write both into a folder.

        Parameters
        ----------
        network : Network
        folder : path
        board : str
            Name of the board, see ``threefold.boards.BOARDS``.
        foldings : mapping of str to Folding
            Folding of every layer; the fastest that fit the board if left out.
        interval : int
            Cycles between images to keep with the least logic, instead of the fewest.

        Raises
        ------
        PlanError
            If the board is unknown, or no such plan fits it.
        BuildError
            If the folder cannot be written.
        """
        target = boards.get(board)
        if foldings is not None:
            if interval is not None:
                raise PlanError("give foldings or an interval, not both")
            plan = fold(network, foldings)
        else:
            budget = Budget(target.name, target.family, target.lut, target.bram)
            plan = fit(network, budget, interval=interval)
        project = cls(folder, dataclasses.replace(plan, board=target.name))
        save(network, project.folder / "network.tern")
        save_plan(project.plan, project.folder / "plan.json")
        return project

    @classmethod
    def open(cls, folder: Path | str) -> "Project":
        """The project that :meth:`create` left in a folder.

        Raises
        ------
        FileFormatError
            If network or plan are missing or damaged.
        """
        return cls.reopen(load(Path(folder) / "network.tern"), folder)

    @classmethod
    def reopen(cls, network: Network, folder: Path | str) -> "Project":
        """The same, for a network that is at hand.

        Raises
        ------
        FileFormatError
            If the plan is missing or damaged.
        PlanError
            If it is the plan of another network.
        """
        return cls(folder, load_plan(network, Path(folder) / "plan.json"))

    @property
    def network(self) -> Network:
        return self.plan.network

    @property
    def name(self) -> str:
        """Name of the network, of the top module and of the files named after it."""
        return self.network.name

    @property
    def board(self) -> boards.Board:
        return boards.get(self.plan.board)

    @cached_property
    def accelerator(self) -> Accelerator:
        """The hardware."""
        return Accelerator(self.plan)

    def generate(self) -> Path:
        """Write the Verilog and the C header; the path of the Verilog.

        Raises
        ------
        ToolError
            If Yosys, which writes the Verilog, is missing.
        """
        rtl = self.folder / "rtl" / f"{self.name}.v"
        write_file(rtl, to_verilog(self.accelerator, self.name))
        write_file(self.folder / "firmware" / f"{self.name}.h", header(self.plan))
        return rtl

    def simulate(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        stalls: float = 0.0,
        seed: int = 0,
        simulator: str = "verilator",
        waves: bool = False,
        progress: Callable[[str, int], None] | None = None,
    ) -> SimulationResult:
        """Prove the hardware equal to the golden model on images; see :func:`sim.simulate`.

        Without stalls, what was measured goes to ``sim/simulation.json``.

        Raises
        ------
        MismatchError
            At the first difference.
        DataError
            If images or labels do not fit.
        """
        if labels is not None and len(labels) != len(images):
            raise DataError(f"{len(images)} images do not go with {len(labels)} labels")
        result = simulate(
            self.plan,
            self.generate(),
            images,
            self.folder / "sim",
            simulator=simulator,
            stalls=stalls,
            seed=seed,
            waves=waves,
            progress=progress,
        )
        if result.cycles is not None:
            record = result.to_json()
            record["cycles"] = dataclasses.asdict(result.cycles)
            if labels is not None:
                record["accuracy"] = float(np.mean(result.classes == np.asarray(labels)))
            _write_json(self.folder / "sim" / "simulation.json", record)
        return result

    def build(
        self,
        *,
        clock_mhz: float | None = None,
        seed: int = 1,
        progress: Progress | None = None,
    ) -> BuildResult:
        """Build the bitstream; see :func:`build_bitstream`.

        Raises
        ------
        BuildError
            If the design does not fit or is too slow, or a tool fails.
        """
        self.generate()
        result = build_bitstream(
            self.accelerator,
            self.board,
            self.folder,
            name=self.name,
            clock_mhz=clock_mhz,
            seed=seed,
            progress=progress,
        )
        record = dataclasses.asdict(result) | {
            "bitstream": str(result.bitstream.relative_to(self.folder)),
            "device": self.board.device,
        }
        _write_json(self.folder / "gateware" / "build.json", record)
        return result

    def write_manifest(self) -> Path:
        """Write versions and the SHA-256 of every product but logs and the simulator's build."""
        kept = ["network.tern", "plan.json", "report.json", "report.html", "test.npz", "train.json"]
        for pattern in ("rtl/*.v", "firmware/*.h", "gateware/*", "sim/simulation.json"):
            kept += [str(path.relative_to(self.folder)) for path in self.folder.glob(pattern)]
        files = {
            name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            for name in sorted(kept)
            if (self.folder / name).is_file() and not name.endswith(".log")
        }
        manifest = self.folder / "manifest.json"
        versions = {"threefold": __version__, "python": platform.python_version()}
        _write_json(manifest, {"schema": 1, "versions": versions, "sha256": files})
        return manifest


def _write_json(path: Path, content: dict) -> None:
    write_file(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
