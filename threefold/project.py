"""Project: one network on its way to a board, its products in a folder, step by step."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from amaranth.lib.wiring import Component

from . import boards
from .core import core_name, require_bus, write_core
from .errors import FileFormatError, MismatchError, PlanError
from .files import write_file
from .firmware import header, write_driver
from .hw.accelerator import Accelerator
from .hw.interfaces.cores import CORES
from .hw.interfaces.serial import BAUD
from .hw.sdram.board import board_accelerator, memory_clocks, planned_mhz, require_feed
from .hw.verilog import to_verilog
from .labels import require_labels
from .lock import locked
from .manifest import write_manifest
from .network import Network, load, save
from .notebook import shown_progress
from .plan import Folding, Plan, image_of, load_plan, save_plan
from .plan.file import digest as plan_digest
from .planning import plan_for_board
from .products import Former, Products
from .products_table import products_table
from .progress import Progress
from .records import earlier_build, record_build, record_simulation
from .registers.identity import identity
from .sim.simulate import SimulationResult, check, simulate
from .stale import stale_products
from .tools.build import BuildResult, build_bitstream, check_build
from .tools.inputs import inputs_digest
from .tools.toolchain import find

__all__ = ["Project"]


class Project:
    """A plan, the folder of its products, and how to get further.

    :meth:`create` makes one of a network, :meth:`open` finds it again. Made of a folder and a
    plan, which do not change, it writes nothing before its first product. One process at a time
    writes into a folder; the methods of another raise a :class:`BuildError`. What takes long shows
    its progress in a notebook, and elsewhere tells it to the callback ``progress`` if there is one.

    Parameters
    ----------
    folder : path
        Where the products are; made when there is something to write.
    plan : Plan
        What to build.

    Attributes
    ----------
    products : Products
        Where each product is.
    former : Former or None
        Another network, or a plan that cannot be used, that :meth:`save` found in the folder, and
        where it is now.
    removed : list of Path
        Products of another plan of this network that :meth:`save` removed.
    """

    def __init__(self, folder: Path | str, plan: Plan):
        self._folder = Path(folder)
        self._plan = plan
        self.products = Products(folder, plan.network.name)
        self.former: Former | None = None
        self.removed: list[Path] = []

    @classmethod
    def create(
        cls,
        network: Network,
        folder: Path | str,
        *,
        board: str = "icebreaker",
        foldings: Mapping[str, Folding | str] | None = None,
        sequential: Mapping[str, Folding | None] | None = None,
        loadable: Sequence[Network] | None = None,
        sdram: int | None = None,
        clock_mhz: float | None = None,
        batch: int = 1,
        interval: int | None = None,
        fastest: bool = False,
        memories: Mapping[str, str] | None = None,
        forms: Mapping[str, str] | None = None,
        widths: Sequence[str] = (),
        kinds: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Self:
        """Plan a network for a board and write both into a folder.

        Parameters
        ----------
        network : Network
        folder : path
            Made if it is not there. Plan and products of another network that was planned there
            are kept in a folder of their own, and so is a plan that cannot be used; products of
            another plan of this network go.
        board, foldings, sequential, loadable, sdram, clock_mhz, batch, interval, fastest
        memories, forms, widths, kinds, progress
            As in :func:`plan_for_board`.

        Raises
        ------
        PlanError
            If the board is unknown, no such plan fits it, or the folder holds another network
            that was trained or put there.
        BuildError
            If the folder cannot be written.
        """
        plan = plan_for_board(
            network,
            board,
            foldings=foldings,
            sequential=sequential,
            loadable=loadable,
            sdram=sdram,
            clock_mhz=clock_mhz,
            batch=batch,
            interval=interval,
            fastest=fastest,
            memories=memories,
            forms=forms,
            widths=widths,
            kinds=kinds,
            progress=shown_progress(progress),
        )
        project = cls(folder, plan)
        project.save()
        return project

    @classmethod
    def open(cls, folder: Path | str, network: Network | None = None) -> Self:
        """The project that :meth:`create` left in a folder.

        Parameters
        ----------
        folder : path
        network : Network
            If it is at hand; that of the folder if left out.

        Raises
        ------
        FileFormatError
            If network or plan are missing or damaged.
        PlanError
            If the plan is of another network, or its board lacks a memory that it names.
        """
        products = Products(folder)
        if network is None:
            network = load(products.network)
        project = cls(folder, load_plan(network, products.plan))
        if project.plan.board:
            project.board.check_memories(project.plan.memories())
        return project

    def __repr__(self):
        return f"<Project {self._summary}>"

    def _repr_html_(self) -> str:
        return products_table(f"Project {self._summary}", self.products, self.stale)

    @property
    def _summary(self) -> str:
        board = f" on {self.plan.board}" if self.plan.board else ""
        return f"{self.name}{board} in {self.folder}"

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def network(self) -> Network:
        return self.plan.network

    @property
    def name(self) -> str:
        """Name of the network, of the top module and of the files named after it."""
        return self.network.name

    @property
    def board(self) -> boards.Target:
        """The board that it is planned for, or a target without a bitstream."""
        return boards.get(self.plan.board)

    @property
    def stale(self) -> list[Path]:
        """Products in the folder that are not of this plan, its network or its build."""
        return stale_products(self.products, self.plan)

    @cached_property
    def accelerator(self) -> Accelerator:
        """The hardware."""
        return Accelerator(self.plan)

    def save(self) -> None:
        """Write network and plan.

        What was made from another plan of this network goes, see ``removed``. Plan and products of
        another network that was planned there are moved into a folder of their own, and so are a
        plan that cannot be used and its products, see ``former``.

        Raises
        ------
        PlanError
            If the folder holds another network that was trained or put there.
        BuildError
            If the folder cannot be written.
        """
        with locked(self.folder):
            if self._is_saved():
                return
            self.products.require_replaceable(self.network)
            self.former = self.products.set_aside(self.network) or self._clear()
            save(self.network, self.products.network)
            save_plan(self.plan, self.products.plan)

    def _is_saved(self) -> bool:
        """Whether the folder holds this plan, however it is written, and its network."""
        if not self.products.holds_network(self.network):
            return False
        try:
            return self._is_same(load_plan(self.network, self.products.plan))
        except (FileFormatError, PlanError):
            return False

    def _is_same(self, plan: Plan) -> bool:
        return plan_digest(plan) == plan_digest(self.plan)

    def _clear(self) -> Former | None:
        """Remove products of another plan; set aside a plan that cannot be used, with its own."""
        if not self.products.plan.is_file():
            return None
        try:
            plan = load_plan(self.network, self.products.plan)
        except (FileFormatError, PlanError):
            return self.products.set_aside_plan()
        if not self._is_same(plan):
            self.removed = self.products.remove()
        return None

    def generate(self, bus: str | None = None, *, clock_mhz: float | None = None) -> Path:
        """Write the Verilog, what is around it, the C header and driver; the path of the Verilog.

        If the plan is loadable, or its weights come from a memory outside, the program image of its
        network goes to ``program.bin``. In the second case nothing else is around the Verilog.
        The testbench takes images of ``test.npz`` if they are there and fit, else random ones.

        Parameters
        ----------
        bus : str, optional
            ``"axi"`` or ``"wishbone"``: a core with registers and that bus, beside the accelerator
            alone, which is left as it is.
        clock_mhz : float, optional
            Frequency that the register ``CLOCK`` of such a core tells, in MHz.

        Raises
        ------
        PlanError
            If there is no such bus, or weights come from a memory outside that the board lacks, and
            cores have none.
        ToolError
            If Yosys, which writes the Verilog, is missing.
        BuildError
            If the folder cannot be written.
        """
        if unit := self.plan.streamed:
            memory_clocks(self.plan, self.board)  # raises if there is no memory
            if bus:
                raise PlanError(
                    f"weights of {unit.name!r} and behind it come from a memory outside, which no "
                    f"core has; leave out the bus, or build for a board"
                )
        text = to_verilog(self._core(bus, clock_mhz), core_name(self.plan, bus))
        with locked(self.folder):
            self.save()
            write_core(self.products, self.plan, text, bus, clock_mhz=clock_mhz)
            self._write_program()
            write_file(self.products.header, header(self.plan))
            write_driver(self.products.driver)
            return self.products.core_of(bus).rtl

    def _write_program(self) -> None:
        if self.plan.loadable or self.plan.streamed:
            write_file(self.products.program, image_of(self.plan))

    def _core(self, bus: str | None, clock_mhz: float | None) -> Component:
        if bus is None:
            return self.accelerator
        require_bus(bus)
        return CORES[bus](Accelerator(self.plan), identity(self.plan, clock_mhz=clock_mhz))

    def simulate(
        self,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        stalls: float = 0.0,
        seed: int = 0,
        simulator: str = "verilator",
        waves: bool = False,
        widths: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> SimulationResult:
        """Prove the hardware equal to the golden model on images; see :func:`sim.simulate`.

        Without stalls, what was measured of the whole network goes to ``sim/simulation.json``. A
        mismatch removes that file. A report on what was measured before goes, too.

        Raises
        ------
        MismatchError
            At the first difference.
        DataError
            If images or labels do not fit.
        ToolError
            If a tool is missing.
        """
        folder = self.products.simulation
        check(self.plan, images, folder, simulator=simulator, stalls=stalls, widths=widths)
        if labels is not None:
            require_labels(self.plan, labels, len(images))
        find("yosys")  # writes the Verilog
        with locked(self.folder):
            rtl = self.generate()
            if not (stalls or any(widths)):
                self.products.remove_report()
            try:
                result = simulate(
                    self.plan,
                    rtl,
                    images,
                    folder,
                    simulator=simulator,
                    stalls=stalls,
                    seed=seed,
                    waves=waves,
                    widths=widths,
                    progress=shown_progress(progress),
                )
            except MismatchError:
                self.products.simulation_record.unlink(missing_ok=True)
                self.products.remove_report()
                raise
            if result.cycles is not None:
                record_simulation(self.products, self.plan, result, result.cycles, labels)
            return result

    def build(
        self,
        *,
        clock_mhz: float | None = None,
        seed: int = 1,
        seeds: int = 1,
        timing_allow_fail: bool = False,
        nextpnr_options: str = "",
        baud: int = BAUD,
        benchmark: bool = False,
        progress: Progress | None = None,
    ) -> BuildResult:
        """Build the bitstream; parameters are those of :func:`build_bitstream`.

        With a ``benchmark``, images can be loaded into the board's SDRAM, to be run from there at
        full speed. A plan with weights in an SDRAM is built for the clock that it was made for, if
        none is given.

        Where all of it is there from the same plan, options, tools and sources, nothing runs, all
        stays as it is, and the result says ``up_to_date``. Else a report on an earlier one goes,
        whether or not the build succeeds.

        Raises
        ------
        PlanError
            If the clock or the rate of the serial line cannot be made, the line brings images
            faster than they are taken, a quotation in the options does not end, the plan is for a
            target that is no board, or it takes weights from another memory than the board has, or
            at another clock.
        ToolError
            If a tool is missing.
        BuildError
            If the design does not fit or is too slow, or a tool fails.
        """
        clock_mhz = planned_mhz(self.plan, self.board) if clock_mhz is None else clock_mhz
        board = check_build(
            self.board,
            clock_mhz,
            self.plan.ports,
            self.plan.cycles.interval,
            baud=baud,
            nextpnr_options=nextpnr_options,
            memory=memory_clocks(self.plan, self.board, benchmark=benchmark),
        )
        require_feed(self.plan, board, clock_mhz)
        progress = shown_progress(progress)
        options = {
            "clock_mhz": clock_mhz,
            "seed": seed,
            "seeds": seeds,
            "timing_allow_fail": timing_allow_fail,
            "nextpnr_options": nextpnr_options,
            "baud": baud,
        }
        inputs = inputs_digest(plan_digest(self.plan), board, options | {"benchmark": benchmark})
        with locked(self.folder):
            self.save()
            self._write_program()
            if earlier := earlier_build(self.products, inputs):
                progress("up to date", 1.0)
                return earlier
            progress("generate", 0.0)
            self.generate()
            self.products.remove_report()
            result = build_bitstream(
                self._on(board, clock_mhz, benchmark),
                board,
                self.folder,
                name=self.name,
                progress=progress,
                **options,
            )
            record_build(self.products, self.plan, board.device.name, result, inputs)
            return result

    def _on(self, board: boards.Board, clock_mhz: float | None, benchmark: bool) -> Component:
        if self.plan.streamed is None and not benchmark:
            return self.accelerator
        return board_accelerator(self.plan, board, clock_mhz=clock_mhz, benchmark=benchmark)

    def report(self) -> dict:
        """Write the report on what is there so far, and the manifest; the figures.

        What is stale is left out, and named under ``stale``.

        Raises
        ------
        FileFormatError
            If a file is not what its name says.
        BuildError
            If the report cannot be written.
        """
        from .report import report_folder  # brings Matplotlib

        with locked(self.folder):
            figures = report_folder(self.plan, self.products)
            self.write_manifest()
            return figures

    def write_manifest(self) -> Path:
        """Write versions, seed of placement, and digests of the plan and of its products.

        Raises
        ------
        FileFormatError
            If the record of the build is damaged.
        BuildError
            If the manifest cannot be written.
        """
        with locked(self.folder):
            return write_manifest(self.products, self.plan)
