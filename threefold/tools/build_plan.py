"""Build plan: the files and commands that Amaranth makes for the tools of a board."""

import json
import re
import shlex
from collections.abc import Mapping

from amaranth.build.run import BuildPlan

from ..boards import Board
from ..errors import PlanError
from ..hw.board_top import BoardTop
from .synthesis import PREPARE

__all__ = ["commands", "make_plan", "require_closed", "set_seed", "spread"]


def make_plan(
    top: BoardTop, board: Board, name: str, *, seed: int, synth_options: str, nextpnr_options: str
) -> BuildPlan:
    """Plan of a bitstream and of the reports beside it.

    Parameters
    ----------
    top : BoardTop
    board : Board
    name : str
        Name of the design and of its files.
    seed : int
        Seed of placement.
    synth_options, nextpnr_options : str
        Further options, those of the user.
    """
    files = f"--report {name}.report.json --write {name}.placed.json"
    timing = f"--freq {top.clock_mhz:g} --seed {seed} --timing-allow-fail"
    platform, flow = board.make_platform(), board.family.flow
    for file, content in flow.files.items():
        platform.add_file(file, content)
    count = f"tee -q -o {name}.stat.json stat -json"
    plan = platform.build(
        top,
        name=name,
        do_build=False,
        emit_src=False,
        debug_verilog=False,
        verbose=True,
        synth_opts=f"{synth_options} {flow.until}".strip(),
        nextpnr_opts=f"{files} {timing} {_placement(board, nextpnr_options)}".rstrip(),
        script_after_read=PREPARE,
        script_after_synth="\n".join(filter(None, (flow.last(name, synth_options), count))),
    )
    assert plan is not None  # as nothing was built
    return plan


def require_closed(options: str, tool: str) -> None:
    """Refuse options of a tool that are no words of a shell.

    Raises
    ------
    PlanError
        If a quotation in them does not end.
    """
    try:
        shlex.split(options)
    except ValueError:
        raise PlanError(
            f"options of {tool} have a quotation that does not end: {options}"
        ) from None


def _placement(board: Board, options: str) -> str:
    """``options``, and those for the board's family that are not among them."""
    given = {word.partition("=")[0] for word in options.split()}
    placement = board.family.flow.placement
    others = {name: value for name, value in placement.items() if name not in given}
    return " ".join([options, *(f"{name} {value}" for name, value in others.items())]).strip()


def commands(plan: BuildPlan, name: str) -> list[list[str]]:
    """Command lines of the three tools, in order."""
    return json.loads(plan.files[f"build_{name}.json"])["commands"]


def set_seed(plan: BuildPlan, seed: int) -> None:
    """Make a plan the one that would have come of another seed."""
    for file, content in plan.files.items():
        if file.startswith("build_"):
            plan.files[file] = re.sub(r'(--seed(?:", "| ))\d+', rf"\g<1>{seed}", content)


def spread(plan: BuildPlan, name: str, options: Mapping[str, str]) -> bool:
    """Add :attr:`~threefold.fpga.Flow.spreading` to the options of nextpnr.

    Returns
    -------
    bool
        Whether that was done: not where there are none, or where the plan has one of them.
    """
    there = {word.partition("=")[0] for line in commands(plan, name) for word in line}
    if not options or there & set(options):
        return False
    for file, content in plan.files.items():
        if file.startswith("build_") and (seed := re.search(r'--seed(", "| )', content)):
            between = seed[1]
            words = between.join(word for pair in options.items() for word in pair)
            plan.files[file] = content.replace("--seed", f"{words}{between}--seed")
    return True
