"""From an accelerator to the bitstream of a board."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib import wiring

from .boards import BAUD, CODE_BITS, Board, BoardTop
from .errors import BuildError, PlanError
from .files import make_folder
from .hw.uart import divisor
from .synthesis import PREPARE, Cells
from .toolchain import find, run

__all__ = ["BuildResult", "Progress", "build_bitstream", "check_build"]

Progress = Callable[[str, float], None]
"""Called as ``progress(step, done)`` when a step begins, ``done`` being the share of the work
behind it, 0 to 1, and once more as ``progress("done", 1.0)``."""

# Share of the time of a build that a step takes, roughly.
_STEPS = {
    "ice40": {"synthesise": 0.5, "place and route": 0.45, "pack": 0.05},
    "ecp5": {"synthesise": 0.35, "place and route": 0.55, "pack": 0.1},
}

_CELLS = {
    "ice40": {"lut": ["ICESTORM_LC"], "bram": ["ICESTORM_RAM"], "dsp": ["ICESTORM_DSP"]},
    "ecp5": {
        "lut": ["TRELLIS_COMB"],
        "ff": ["TRELLIS_FF"],
        "bram": ["DP16KD"],
        "dsp": ["MULT18X18D", "ALU54B"],
    },
}

_TOOLS = {
    "ice40": ("yosys", "nextpnr-ice40", "icepack"),
    "ecp5": ("yosys", "nextpnr-ecp5", "ecppack"),
}

_WORK = ".build-"  # prefix of the folder a build works in

_SUFFIX = {"ice40": ".bin", "ecp5": ".bit"}


@dataclass(frozen=True)
class BuildResult:
    """A bitstream and what the tools said about it.

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
        ``{"lut": {"used": …, "available": …}, "ff": …, "bram": …, "dsp": …}``.
    seconds : dict from str to float
        Time of each tool.
    tools : dict from str to str
        Version of each tool.
    digest : str
        Hash of everything the tools were given, in hexadecimal.
    seed : int
        Seed of placement.
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


def build_bitstream(
    component: wiring.Component,
    board: Board,
    folder: Path | str,
    *,
    name: str = "top",
    clock_mhz: float | None = None,
    seed: int = 1,
    baud: int = BAUD,
    progress: Progress | None = None,
) -> BuildResult:
    """Build an accelerator for a board.

    Everything goes to ``folder/gateware``: the bitstream, what made it, and the tools' logs
    and reports. If the build fails, only the logs are there, and no bitstream.

    Parameters
    ----------
    component : wiring.Component
        The accelerator; see :class:`threefold.boards.UARTBridge` for the streams it needs.
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
    baud : int
        Bits a second on the serial line.
    progress : callable, optional
        Told of every step; see :data:`Progress`.

    Raises
    ------
    PlanError
        If the clock cannot be made, or the accelerator lacks its streams.
    ToolError
        If a tool is missing.
    BuildError
        If the name is no name, the design does not fit or is too slow, or a tool fails.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise BuildError(f"a design cannot be called {name!r}; use letters, digits and underscores")
    top = BoardTop(component, board, clock_mhz=clock_mhz, baud=baud)
    plan = board.platform().build(
        top,
        name=name,
        do_build=False,
        emit_src=False,
        debug_verilog=False,
        verbose=True,
        nextpnr_opts=f"--report {name}.report.json --seed {seed} --timing-allow-fail",
        script_after_read=PREPARE,
        script_after_synth=f"tee -q -o {name}.stat.json stat -json",
    )
    commands = json.loads(plan.files[f"build_{name}.json"])["commands"]
    tools = [find(command[0]) for command in commands]
    report = progress or (lambda step, done: None)
    bitstream = f"{name}{_SUFFIX[board.family]}"

    gateware = make_folder(Path(folder) / "gateware")
    _clear(gateware)
    seconds, done = {}, 0.0
    with tempfile.TemporaryDirectory(dir=gateware, prefix=_WORK) as work:
        work = Path(work)
        for file, content in plan.files.items():
            (work / file).write_text(content)
        for (step, share), tool, (_, *args) in zip(
            _STEPS[board.family].items(), tools, commands, strict=True
        ):
            report(step, done)
            seconds[tool.name] = run(tool, args, cwd=work, log=gateware / f"{tool.name}.log")
            done += share
            if step == "synthesise":
                cells = Cells.read(board.family, work / f"{name}.stat.json")
                _check_fit(cells, board)
            elif step == "place and route":
                fmax, utilization = _read_report(work / f"{name}.report.json", board, cells)
                _check_speed(fmax, top.clock_mhz, board)
        for file in (*plan.files, f"{name}.stat.json", f"{name}.report.json", bitstream):
            shutil.move(work / file, gateware / file)
    report("done", 1.0)

    return BuildResult(
        bitstream=gateware / bitstream,
        board=board.name,
        clock_mhz=top.clock_mhz,
        fmax_mhz=fmax,
        utilization=utilization,
        seconds=seconds,
        tools={tool.name: tool.version for tool in tools},
        digest=plan.digest(32).hex(),
        seed=seed,
    )


def check_build(
    board: Board,
    clock_mhz: float | None,
    input_bits: int | None = None,
    *,
    baud: int = BAUD,
) -> None:
    """Raise what a build would raise before it writes anything, without the accelerator.

    Parameters
    ----------
    board : Board
    clock_mhz : float or None
        Frequency wanted, in MHz; the board's default if None.
    input_bits : int, optional
        Bits of an input code of the network; not checked if left out.
    baud : int
        Bits a second on the serial line.

    Raises
    ------
    PlanError
        If the clock or the rate of the serial line cannot be made, or an input code does not fit
        a byte of it.
    ToolError
        If a tool is missing.
    """
    divisor(board.achieved_mhz(board.clock_mhz if clock_mhz is None else clock_mhz), baud)
    if input_bits is not None and input_bits > CODE_BITS:
        raise PlanError(
            f"the serial line of a board carries input codes of at most {CODE_BITS} bits, "
            f"not {input_bits}; train with a narrower input or build with --rtl-only"
        )
    for name in _TOOLS[board.family]:
        find(name)


def _clear(gateware: Path) -> None:
    """Remove what an earlier build left, one that was killed included."""
    for stale in gateware.iterdir():
        if stale.name.startswith(_WORK):
            shutil.rmtree(stale, ignore_errors=True)
        elif stale.is_file():
            stale.unlink()


def _check_fit(cells: Cells, board: Board) -> None:
    for resource, title in (
        ("lut", "LUTs"),
        ("ff", "flip-flops"),
        ("bram", "block RAMs"),
        ("dsp", "multipliers"),
    ):
        needed, available = getattr(cells, resource), getattr(board, resource)
        if needed > available:
            raise BuildError(
                f"needs {needed:,} of {available:,} {title} on {board.name}; "
                f"choose smaller PE/SIMD or a bigger board"
            )


def _check_speed(fmax_mhz: float, clock_mhz: float, board: Board) -> None:
    if fmax_mhz < clock_mhz:
        raise BuildError(
            f"reaches {fmax_mhz:.1f} of {clock_mhz:.1f} MHz on {board.name}; "
            f"lower the clock or try another seed"
        )


def _read_report(path: Path, board: Board, cells: Cells) -> tuple[float, dict[str, dict[str, int]]]:
    """Highest frequency in MHz and utilization, from nextpnr's report."""
    try:
        content = json.loads(path.read_text())
        # Every flip-flop sits in the one domain; a second entry would be a bug of ours.
        fmax = min(clock["achieved"] for clock in content["fmax"].values())
        used = {
            resource: sum(content["utilization"][name]["used"] for name in names)
            for resource, names in _CELLS[board.family].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise BuildError(f"cannot read the report of nextpnr in {path}; see its log") from None
    used.setdefault("ff", cells.ff)
    return fmax, {
        resource: {"used": used[resource], "available": getattr(board, resource)}
        for resource in ("lut", "ff", "bram", "dsp")
    }
