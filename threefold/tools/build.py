"""Build: the bitstream of an accelerator for a board."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from amaranth.build.run import BuildPlan
from amaranth.lib import wiring

from ..boards import Board, Target
from ..errors import BuildError, PlanError
from ..fpga import MemoryClocks
from ..hw.board_top import BoardTop
from ..hw.interfaces.serial import BAUD, window
from ..hw.interfaces.uart import divisor
from ..lock import LOCK, locked
from ..plan import Ports
from ..products import Products
from ..progress import Progress, no_progress
from .build_plan import commands, make_plan, require_closed, set_seed, spread
from .nextpnr import follow_nextpnr, follow_yosys, read_critical_path, read_report, refused
from .placed import count_placed
from .seeds import Choice, best_seed
from .synthesis import Cells
from .toolchain import Tool, find, run

__all__ = ["RESOURCES", "BuildResult", "build_bitstream", "check_build"]

_TITLES = {
    "lut": "LUTs",
    "ff": "flip-flops",
    "bram": "block RAMs",
    "dsp": "multipliers",
    "spram": "single-port RAMs",
}

RESOURCES = tuple(_TITLES)
"""Resources of a device, in the order of a :class:`BuildResult`."""

_WORK = ".build-"  # prefix of the folder a build works in


@dataclass(frozen=True)
class BuildResult:
    """Bitstream, with the figures that the tools reported.

    Parameters
    ----------
    bitstream : Path
        The file to program the board with.
    board : str
        Name of the board.
    clock_mhz : float
        Frequency the accelerator runs at.
    fmax_mhz : float
        Highest frequency the placed and routed design holds.
    utilization : dict
        ``{"lut": {"used": …, "available": …}, "ff": …, "bram": …, "dsp": …}``, and ``"spram"``
        where the device has such.
    seconds : dict from str to float
        Time of each tool; of all placements together. Empty where no tool ran.
    tools : dict from str to str
        Version of each tool.
    digest : str
        Hash of everything the tools were given, in hexadecimal.
    seed : int
        Seed of placement.
    fmax_by_seed : dict from int to float
        Frequency of every placement that was made, in MHz.
    cells : list of dict
        Cells of each module of the design, see :func:`~threefold.tools.placed.count_placed`.
    critical_path : dict
        The slowest path, see :func:`~threefold.tools.nextpnr.read_critical_path`.
    baud : int
        Bits a second on its serial line.
    """

    bitstream: Path
    board: str
    clock_mhz: float
    fmax_mhz: float
    utilization: dict[str, dict[str, int]]
    seconds: dict[str, float]
    tools: dict[str, str]
    digest: str
    seed: int
    fmax_by_seed: dict[int, float] = field(default_factory=dict)
    cells: list[dict] = field(default_factory=list)
    critical_path: dict = field(default_factory=dict)
    baud: int = BAUD

    @property
    def up_to_date(self) -> bool:
        """Whether it was there already, so that no tool ran."""
        return not self.seconds


def build_bitstream(
    component: wiring.Component,
    board: Board,
    folder: Path | str,
    *,
    name: str = "top",
    clock_mhz: float | None = None,
    seed: int = 1,
    seeds: int = 1,
    timing_allow_fail: bool = False,
    synth_options: str = "",
    nextpnr_options: str = "",
    baud: int = BAUD,
    progress: Progress = no_progress,
) -> BuildResult:
    """Build an accelerator for a board.

    Everything goes to ``folder/gateware``: the bitstream, what made it, and the tools' logs
    and reports. If the build fails, only the logs are there, and no bitstream.

    Parameters
    ----------
    component : wiring.Component
        The accelerator, with the ports that
        :class:`~threefold.hw.interfaces.link.SerialLink` needs.
    board : Board
        What to build for.
    folder : path
        Where.
    name : str
        Name of the design and of its files: letters, digits and underscores.
    clock_mhz : float, optional
        Frequency wanted, in MHz; the board's default if left out.
    seed : int
        Seed of placement.
    seeds : int
        Placements to try at most, with this seed and those that follow it, until one holds the
        clock. The fastest is kept.
    timing_allow_fail : bool
        Keep a bitstream that does not hold the clock, instead of failing.
    synth_options : str
        Further options of the family's synthesis, such as ``"-spram"`` of iCE40.
    nextpnr_options : str
        Further options for nextpnr, such as ``"--placer static"``, also in place of those that it
        is given for the board's family.
    baud : int
        Bits a second on the serial line.
    progress : Progress
        Told each step, with the share of the whole build, and at last ``"done"``.

    Raises
    ------
    PlanError
        If the clock cannot be made, the accelerator lacks its ports, a quotation in options does
        not end, or there is no seed to try.
    ToolError
        If a tool is missing.
    BuildError
        If the name is no name, another build is at work in the folder, the design does not fit or
        is too slow, or a tool fails.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise BuildError(f"a design cannot be called {name!r}; use letters, digits and underscores")
    if seeds < 1:
        raise PlanError(f"at least 1 seed must be tried, not {seeds}")
    require_closed(synth_options, "Yosys")
    require_closed(nextpnr_options, "nextpnr")
    top = BoardTop(component, board, clock_mhz=clock_mhz, baud=baud)
    plan = make_plan(
        top, board, name, seed=seed, synth_options=synth_options, nextpnr_options=nextpnr_options
    )
    gateware = Products(folder, name).gateware
    tools = [find(command[0]) for command in commands(plan, name)]
    with locked(gateware), _workplace(gateware) as work:
        flow = _Flow(board, name, plan, tools, gateware, work, progress)
        cells = flow.synthesise()
        _check_fit(cells, board)
        choice = flow.place(range(seed, seed + seeds), top.clock_mhz, cells)
        if not timing_allow_fail:
            _check_speed(choice, top.clock_mhz, board)
        return flow.finish(choice, top.clock_mhz, cells, baud)


def check_build(
    board: Target,
    clock_mhz: float | None,
    ports: Ports | None = None,
    interval: float = 0.0,
    *,
    baud: int = BAUD,
    nextpnr_options: str = "",
    memory: MemoryClocks | None = None,
) -> Board:
    """The board, or what a build would raise before it writes anything, without the accelerator.

    Parameters
    ----------
    board : Target
    clock_mhz : float or None
        Frequency wanted, in MHz; the board's default if None.
    ports : Ports, optional
        Of the accelerator; whether the serial line suits it is not checked if left out.
    interval : float
        Its cycles between images.
    baud : int
        Bits a second on the serial line.
    nextpnr_options : str
        Further options for nextpnr.
    memory : MemoryClocks, optional
        Clocks of a memory that the accelerator has.

    Raises
    ------
    PlanError
        If it is no board, the clock or the rate of the serial line cannot be made, an input code
        does not fit a byte of it, it brings images faster than the accelerator takes them, or a
        quotation in the options does not end.
    ToolError
        If a tool is missing.
    """
    if not isinstance(board, Board):
        raise PlanError(
            f"{board.title} is no board, so there is no bitstream of it; plan for a board, or "
            f"generate the Verilog alone"
        )
    require_closed(nextpnr_options, "nextpnr")
    wanted_mhz = board.clock_mhz if clock_mhz is None else clock_mhz
    achieved_mhz = board.achieved_mhz(wanted_mhz, memory)
    divisor(achieved_mhz, baud)
    if ports is not None:
        window(ports, interval, achieved_mhz, baud)
    flow = board.family.flow
    for name in ("yosys", flow.nextpnr.name, flow.packer.name):
        find(name)
    return board


@contextlib.contextmanager
def _workplace(gateware: Path) -> Iterator[Path]:
    """A folder to work in, in place of what an earlier build left, even one that was killed."""
    for stale in gateware.iterdir():
        if stale.name.startswith(_WORK):
            shutil.rmtree(stale, ignore_errors=True)
        elif stale.is_file() and stale.name != LOCK:
            stale.unlink()
    with tempfile.TemporaryDirectory(dir=gateware, prefix=_WORK) as work:
        yield Path(work)


class _Flow:
    """The steps of a build, in a folder of work from which the products then move."""

    def __init__(
        self,
        board: Board,
        name: str,
        plan: BuildPlan,
        tools: list[Tool],
        gateware: Path,
        work: Path,
        progress: Progress,
    ):
        self.work = work
        self.seconds = {}
        self._board, self._name, self._plan, self._gateware = board, name, plan, gateware
        self._yosys, self._nextpnr, self._packer = tools
        self._tools = board.family.flow
        self._progress = progress
        self._write()

    def synthesise(self) -> Cells:
        share = self._tools.shares["synthesise"]
        self._run(self._yosys, follow_yosys(self._step("synthesise", 0.0, share)))
        return Cells.read(self._board.family, self.work / f"{self._name}.stat.json")

    def place(self, seeds: range, clock_mhz: float, cells: Cells) -> Choice:
        """Place and route until a seed holds the clock; leaves what nextpnr made of the best."""
        shares = self._tools.shares
        before, share = shares["synthesise"], shares["place and route"] / len(seeds)
        report = self.work / f"{self._name}.report.json"
        made = [report, self._gateware / f"{self._nextpnr.name}.log"]
        ends = (".placed.json", ".tim", self._tools.routed)
        made += [self.work / f"{self._name}{end}" for end in ends]
        best: dict[str, str | bytes] = {}  # the plan of the best seed, spread or not

        def place(seed: int) -> float:
            index = seeds.index(seed)
            many = f" {index + 1}/{len(seeds)}" if len(seeds) > 1 else ""
            set_seed(self._plan, seed)
            self._route(f"place and route{many}", before + share * index, share)
            return read_report(report, self._board.device, cells)[0]

        def keep(seed: int) -> None:
            best.update(self._plan.files)
            for path in filter(Path.exists, made):
                path.replace(self.work / f"best-{path.name}")

        choice = best_seed(seeds, place, clock_mhz, keep)
        for path in made:
            kept = self.work / f"best-{path.name}"
            if kept.exists():
                kept.replace(path)
        self._plan.files.update(best)
        return choice

    def _route(self, title: str, before: float, share: float) -> None:
        """Place and route; where routing does not converge, once more with cells farther apart."""
        try:
            self._run(self._nextpnr, follow_nextpnr(self._step(title, before, share)))
        except BuildError:
            log = self._gateware / f"{self._nextpnr.name}.log"
            reason = refused(log, self._board.device)
            if reason is None:
                raise
            spreading = self._tools.spreading
            if reason[0] != "route" or not spread(self._plan, self._name, spreading):
                raise _too_full(*reason, self._board, log) from None
            self._route(f"{title}, farther apart", before, share)

    def finish(self, choice: Choice, clock_mhz: float, cells: Cells, baud: int) -> BuildResult:
        """Read what nextpnr reported, and pack."""
        report = self.work / f"{self._name}.report.json"
        _, utilization = read_report(report, self._board.device, cells)
        critical_path = read_critical_path(report)
        placed = count_placed(self.work / f"{self._name}.placed.json", self._board.family)
        return BuildResult(
            bitstream=self._pack(),
            board=self._board.name,
            clock_mhz=clock_mhz,
            fmax_mhz=choice.fmax_mhz,
            utilization=utilization,
            seconds=self.seconds,
            tools={tool.name: tool.version for tool in (self._yosys, self._nextpnr, self._packer)},
            digest=self._plan.digest(32).hex(),
            seed=choice.seed,
            fmax_by_seed=choice.tried,
            cells=placed,
            critical_path=critical_path,
            baud=baud,
        )

    def _pack(self) -> Path:
        """Make the bitstream and move what is to stay; the path of the bitstream."""
        self._step("pack", 1 - self._tools.shares["pack"], 0.0)
        self._run(self._packer)
        self._write()
        bitstream = f"{self._name}{self._tools.bitstream}"
        made = (f"{self._name}.stat.json", f"{self._name}.report.json", bitstream)
        for file in (*self._plan.files, *made):
            shutil.move(self.work / file, self._gateware / file)
        self._progress("done", 1.0)
        return self._gateware / bitstream

    def _step(self, title: str, before: float, share: float) -> Callable[[float], None]:
        """Begin a step that takes ``share`` of the build; what to tell its own progress."""
        self._progress(title, before)
        return lambda done: self._progress(title, before + share * done)

    def _write(self) -> None:
        for file, content in self._plan.files.items():
            (self.work / file).write_text(content)

    def _run(self, tool: Tool, follow: Callable[[str], None] | None = None) -> None:
        log = self._gateware / f"{tool.name}.log"
        _, *args = next(c for c in commands(self._plan, self._name) if c[0] == tool.name)
        seconds = run(tool, args, cwd=self.work, log=log, follow=follow)
        self.seconds[tool.name] = self.seconds.get(tool.name, 0.0) + seconds


def _check_fit(cells: Cells, board: Board) -> None:
    for resource, title in _TITLES.items():
        needed, available = getattr(cells, resource), getattr(board.device, resource)
        if needed > available:
            raise BuildError(
                f"needs {needed:,} of {available:,} {title} on {board.name}; "
                f"choose a longer --interval, smaller PE/SIMD or a bigger board"
            )


def _too_full(what: str, used: int, available: int, board: Board, log: Path) -> BuildError:
    return BuildError(
        f"nextpnr finds no {what} for all of {used:,} logic cells among {available:,} on "
        f"{board.name}; plan with a longer --interval or smaller PE/SIMD; see {log}"
    )


def _check_speed(choice: Choice, clock_mhz: float, board: Board) -> None:
    if choice.fmax_mhz < clock_mhz:
        seeds = f" with seed {choice.seed}, the best of {len(choice.tried)}"
        raise BuildError(
            f"reaches {choice.fmax_mhz:.1f} of {clock_mhz:.1f} MHz on {board.name}"
            f"{seeds if len(choice.tried) > 1 else ''}; lower the clock or try "
            f"{'more seeds' if len(choice.tried) > 1 else 'another seed'}"
        )
