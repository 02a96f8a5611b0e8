"""``threefold plan``: how a network is folded onto a board, and what that gives."""

import argparse
from collections.abc import Iterable

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ..plan import Alternative, Plan, aligned
from ..plan.summary import branches, shown
from ..project import Project
from .options import add_plan_arguments, changes_noted, plan_project
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "choose how each layer is folded, and predict the cycles"
EXAMPLES = [
    "threefold plan out/digits/network.tern --board icebreaker -o out/digits",
    "threefold plan out/digits/network.tern --fastest -o out/fast",
    "threefold plan out/digits/network.tern --interval 512 -o out/slow",
    "threefold plan out/digits/network.tern --fold fc1=8x8 -o out/partly",
    "threefold plan out/digits/network.tern -o out/folded \\\n"
    "      --fold fc1=8x8 --fold fc2=8x8 --fold fc3=2x8",
    "threefold plan out/digits/network.tern -o out/folded \\\n"
    "      --memory fc1=block --requantizer fc1=sequential",
    "threefold plan out/folded/network.tern --fold fc1=8x8 --fold fc2=8x8 \\\n"
    "      --fold fc3=2x8 --align -o out/aligned",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_plan_arguments(parser)
    parser.add_argument(
        "--align",
        action="store_true",
        help="put filters into an order in which more tiles are empty; the network that is "
        "written computes the same",
    )


def run(args: argparse.Namespace, console: Console) -> Group:
    """Plan and write network and plan; what was decided as tables."""
    project = plan_project(args, console)
    lines = []
    if args.align:
        before = _tiles(project.plan)
        with progress_of(console, "align") as progress:
            project = Project(project.folder, aligned(project.plan, progress))
        saved = before - _tiles(project.plan)
        lines.append(f"aligned: {saved:,} of {before:,} tiles saved, {before - saved:,} left")
    with changes_noted(project, console):
        project.save()
    plan, cycles = project.plan, project.plan.cycles
    lines.append(f"latency {cycles.latency:,} cycles, an image every {cycles.interval:,} cycles")
    if plan.schedules:
        busy = f"{plan.array_utilization:.1%}".replace("%", " %")
        equal = sum(unit.interval == plan.bottleneck.interval for unit in plan.units) - 1
        others = f" and {equal} more" if equal else ""
        lines.append(
            f"bottleneck {plan.bottleneck.name}{others}; "
            f"the busiest PE array works {busy} of the time"
        )
    lines.append(f"plan: {project.products.plan}")
    tables = [_units(project), _memories(plan), _fifos(plan), _alternatives(project)]
    return Group(*(table for table in tables if table.row_count), Text("\n".join(lines)))


def _tiles(plan: Plan) -> int:
    return sum(len(schedule.tiles) for schedule in plan.schedules.values())


def _units(project: Project) -> Table:
    left = ("unit", "operation")
    right = ("output", "PE×SIMD", "lanes", "tiles", "skipped", "cycles", "cells")
    size = "×".join(map(str, project.network.input.shape))
    title = f"{project.name} on {project.board.title}, input {size}, logic cells estimated"
    table = _table(title, left, right, [unit.name for unit in project.plan.units])
    slowest = project.plan.bottleneck.interval
    for unit in project.plan.units:
        schedules = unit.schedules.values()
        style = "bold" if unit.interval == slowest else ""
        table.add_row(
            unit.name,
            unit.describe(),
            shown(unit.out_tensor.shape),
            ", ".join(f"{each.folding.pe}×{each.folding.simd}" for each in schedules),
            str(unit.o_lanes),
            f"{sum(len(each.tiles) for each in schedules):,}" if schedules else "",
            f"{sum(each.skipped for each in schedules):,}" if schedules else "",
            Text(f"{unit.interval:,}", style),
            f"{unit.resources(project.board.family).cells:,.0f}",
        )
    return table


def _memories(plan: Plan) -> Table:
    left = ("unit", "memory", "requantizer")
    names = [unit.name for unit in plan.units]
    table = _table("Memories", left, ("buffer, words × bits", "weight bits"), names)
    for unit in plan.units:
        buffer, form = unit.activation_buffer, unit.decisions().get("form", "")
        if buffer or form:
            table.add_row(
                unit.name,
                buffer.memory if buffer else "",
                str(form),
                f"{buffer.words:,} × {buffer.bits}" if buffer else "",
                ", ".join(f"{each.weight_bits:,}" for each in unit.schedules.values()),
            )
    return table


def _fifos(plan: Plan) -> Table:
    right = ("input", "beats", "lanes", "bits")
    names = [unit.name for unit in plan.units]
    table = _table("FIFOs before joins", ("before",), right, names)
    for branch in branches(plan):
        if branch.beats:
            sizes = (branch.input, branch.beats, branch.lanes, branch.bits)
            table.add_row(branch.unit, *(f"{size:,}" for size in sizes))
    return table


def _alternatives(project: Project) -> Table:
    """What faster and smaller plans take; images a second where the clock is known."""
    clock, plans = project.board.clock_mhz, project.plan.alternatives
    options = [_option(each) for each in plans] if len(plans) > 1 else []
    title = f"Alternatives, at {clock:g} MHz, estimated" if clock else "Alternatives, estimated"
    rate = ("images/s",) if clock else ()
    table = _table(title, ("option",), ("cycles", *rate, "logic cells", "block RAMs"), options)
    for option, each in zip(options, plans, strict=False):
        table.add_row(
            option,
            f"{each.interval:,}",
            *([f"{1e6 * clock / each.interval:,.0f}"] if clock else ()),
            f"{each.cells:,.0f}",
            f"{each.bram}",
            style="bold" if each.taken else "",
        )
    return table


def _option(plan: Alternative) -> str:
    """What to ask for to get a plan."""
    option = "--fastest" if plan.asked is None else f"--interval {plan.asked}"
    return f"{option} (taken)" if plan.taken else option


def _table(
    title: str, left: tuple[str, ...], right: tuple[str, ...], names: Iterable[str]
) -> Table:
    """A table whose first column holds names, which stay whole within 80 columns if they can."""
    longest = max(map(len, names), default=0)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.title_style = "bold"
    table.collapse_padding = longest > _SHORT
    name, *others = left
    table.add_column(name, overflow="fold", no_wrap=longest <= _LONG)
    for column in others:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right")
    return table


_SHORT = 9  # letters of names that leave room for two spaces between columns
_LONG = 18  # letters of names that do not have to be folded
