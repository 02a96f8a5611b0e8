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
import math
import platform
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from . import __version__, boards
from .errors import DataError, MismatchError, PlanError
from .files import make_folder, read_json, write_file
from .firmware import header
from .hw.accelerator import Accelerator
from .hw.verilog import to_verilog
from .network import Network, load, save
from .plan import (
    Folding,
    Plan,
    fit,
    fold,
    load_plan,
    require_room,
    save_plan,
)
from .plan.file import digest as plan_digest
from .products import holds_network, is_planned, remove_products, remove_report
from .progress import Progress, no_progress
from .sim.simulate import SimulationResult, check, simulate
from .tools.build import BuildResult, build_bitstream, check_build

__all__ = ["Project"]


class Project:
    """What is in an output folder, and how to get further.

    Parameters
    ----------
    folder : path
        Where the products are; made when there is something to write.
    plan : Plan
        What to build.
    """

    def __init__(self, folder: Path | str, plan: Plan):
        self.folder = Path(folder)
        self.plan = plan

    @classmethod
    def create(cls, network: Network, folder: Path | str, **options) -> "Project":
        """Plan a network for a board and write both into a folder.

        Parameters are those of :meth:`draft`.

        Raises
        ------
        PlanError
            If the board is unknown, or no such plan fits it, or the folder holds another network
            that was trained or put there.
        BuildError
            If the folder cannot be written.
        """
        project = cls.draft(network, folder, **options)
        project.save()
        return project

    @classmethod
    def draft(
        cls,
        network: Network,
        folder: Path | str,
        *,
        board: str = "icebreaker",
        foldings: Mapping[str, Folding] | None = None,
        interval: int | None = None,
        memories: Mapping[str, str] | None = None,
        forms: Mapping[str, str] | None = None,
        progress: Progress = no_progress,
    ) -> "Project":
        """Plan a network for a board, and write nothing before the first product is.

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
        memories, forms : mapping of str to str
            Memories of buffers and forms of requantizers, as in :func:`fold`.
        progress : Progress
            Told what is being done.

        Raises
        ------
        PlanError
            If the board is unknown, or no such plan fits it, or it has no such memory.
        """
        target = boards.get(board)
        target.check_memories(memories or {})
        if foldings is not None:
            if interval is not None:
                raise PlanError("give foldings or an interval, not both")
            plan = fold(network, foldings, memories=memories, forms=forms, progress=progress)
            require_room(plan.resources(target.family), target.device, target.name)
        else:
            plan = fit(
                network,
                target.device,
                board=target.name,
                interval=interval,
                memories=memories,
                forms=forms,
                progress=progress,
            )
        return cls(folder, dataclasses.replace(plan, board=target.name))

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

    def save(self) -> None:
        """Write network and plan, and remove what was made from another plan.

        Raises
        ------
        PlanError
            If the folder holds another network that was trained or put there.
        BuildError
            If the folder cannot be written.
        """
        path = make_folder(self.folder) / "plan.json"
        if self._is_planned(path):
            return
        self._require_replaceable()
        if path.exists():
            remove_products(self.folder, self.name)
        save(self.network, self.folder / "network.tern")
        save_plan(self.plan, path)

    def _is_planned(self, path: Path) -> bool:
        """Whether the folder holds this very plan and its network."""
        try:
            same_plan = hashlib.sha256(path.read_bytes()).hexdigest() == plan_digest(self.plan)
            return same_plan and holds_network(self.folder, self.network)
        except OSError:
            return False

    def _require_replaceable(self) -> None:
        """Refuse to replace a network that was not put there by planning it."""
        path = self.folder / "network.tern"
        if not path.exists() or holds_network(self.folder, self.network):
            return
        if (self.folder / "train.json").exists():
            came = "was trained there, and"
        elif not is_planned(self.folder):
            came = "was not planned there, and"
        else:
            return
        raise PlanError(
            f"{path} {came} is another network than {self.name!r}; choose another folder with -o"
        )

    def generate(self) -> Path:
        """Write the Verilog and the C header; the path of the Verilog.

        Raises
        ------
        ToolError
            If Yosys, which writes the Verilog, is missing.
        BuildError
            If the folder cannot be written.
        """
        text = to_verilog(self.accelerator, self.name)
        self.save()
        rtl = self.folder / "rtl" / f"{self.name}.v"
        write_file(rtl, text)
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
        progress: Progress = no_progress,
    ) -> SimulationResult:
        """Prove the hardware equal to the golden model on images; see :func:`sim.simulate`.

        Without stalls, what was measured goes to ``sim/simulation.json``. A mismatch removes
        that file. A report on what was measured before goes, too.

        Raises
        ------
        MismatchError
            At the first difference.
        DataError
            If images or labels do not fit.
        """
        path = self.folder / "sim" / "simulation.json"
        check(self.plan, images, path.parent, simulator=simulator, stalls=stalls)
        if labels is not None and len(labels) != len(images):
            raise DataError(f"{len(images)} images do not go with {len(labels)} labels")
        classes, pixels = self.plan.ports.classes, self.plan.ports.output.pixels
        if labels is not None and pixels != 1:
            raise DataError(
                f"{self.name!r} gives {pixels} pixels, not one class for each image; "
                f"leave the labels out"
            )
        if labels is not None and not all(0 <= label < classes for label in labels):
            raise DataError(
                f"labels must be 0…{classes - 1}, not {min(labels)}…{max(labels)}; "
                f"{self.name!r} knows {classes} classes"
            )
        rtl = self.generate()
        if not stalls:
            remove_report(self.folder)
        try:
            result = simulate(
                self.plan,
                rtl,
                images,
                path.parent,
                simulator=simulator,
                stalls=stalls,
                seed=seed,
                waves=waves,
                progress=progress,
            )
        except MismatchError:
            path.unlink(missing_ok=True)
            remove_report(self.folder)
            raise
        if result.cycles is not None:
            cycles = {"latency": result.cycles.latency, "interval": result.cycles.interval}
            if math.isnan(cycles["interval"]):  # there were too few images
                del cycles["interval"]
            record = result.to_json() | {"cycles": cycles, "plan_digest": plan_digest(self.plan)}
            if labels is not None:
                record["accuracy"] = float(np.mean(result.classes == np.asarray(labels)))
            _write_json(path, record)
        return result

    def build(
        self,
        *,
        clock_mhz: float | None = None,
        seed: int = 1,
        seeds: int = 1,
        timing_allow_fail: bool = False,
        nextpnr_options: str = "",
        progress: Progress = no_progress,
    ) -> BuildResult:
        """Build the bitstream; parameters are those of :func:`build_bitstream`.

        A report on an earlier one goes, whether or not the build succeeds.

        Raises
        ------
        PlanError
            If the clock cannot be made.
        ToolError
            If a tool is missing.
        BuildError
            If the design does not fit or is too slow, or a tool fails.
        """
        check_build(self.board, clock_mhz, self.network.input.element.bits)
        self.generate()
        remove_report(self.folder)
        result = build_bitstream(
            self.accelerator,
            self.board,
            self.folder,
            name=self.name,
            clock_mhz=clock_mhz,
            seed=seed,
            seeds=seeds,
            timing_allow_fail=timing_allow_fail,
            nextpnr_options=nextpnr_options,
            progress=progress,
        )
        record = dataclasses.asdict(result) | {
            "bitstream": str(result.bitstream.relative_to(self.folder)),
            "device": self.board.device.name,
            "plan_digest": plan_digest(self.plan),
        }
        _write_json(self.folder / "gateware" / "build.json", record)
        return result

    def report(self) -> dict:
        """Write the report on what is there so far, and the manifest; the figures.

        Raises
        ------
        FileFormatError
            If a file is not what its name says.
        PlanError
            If a result is of another plan.
        BuildError
            If the report cannot be written.
        """
        from .report import report_folder  # brings Matplotlib

        figures = report_folder(self.plan, self.folder)
        self.write_manifest()
        return figures

    def write_manifest(self) -> Path:
        """Write versions, seed of placement, and digests of the plan and of every product.

        Products are all files but logs and the simulator's build.

        Raises
        ------
        FileFormatError
            If the record of the build is damaged.
        BuildError
            If the manifest cannot be written.
        """
        kept = ["network.tern", "plan.json", "report.json", "report.html", "test.npz", "train.json"]
        for pattern in ("rtl/*.v", "firmware/*.h", "gateware/*", "sim/simulation.json"):
            kept += [str(path.relative_to(self.folder)) for path in self.folder.glob(pattern)]
        files = {
            name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            for name in sorted(kept)
            if (self.folder / name).is_file() and not name.endswith(".log")
        }
        manifest = self.folder / "manifest.json"
        content = {
            "schema": 1,
            "plan_digest": plan_digest(self.plan),
            "versions": {"threefold": __version__, "python": platform.python_version()},
            "sha256": files,
        }
        build = self.folder / "gateware" / "build.json"
        if build.exists():
            made = read_json(build)
            content["seed"] = made.get("seed")
            content["versions"] |= made.get("tools", {})
        _write_json(manifest, content)
        return manifest


def _write_json(path: Path, content: dict) -> None:
    write_file(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
