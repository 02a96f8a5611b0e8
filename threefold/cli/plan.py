"""``threefold plan``: how a network is folded onto a board, and what that gives."""

import argparse

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ..plan import EnginePlan, Plan, PoolPlan, estimate
from ..plan.summary import branches, describe, out_shape, shown
from ..project import Project
from .options import add_plan_arguments, plan_progress, plan_project

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "choose how each layer is folded, and predict the cycles"
EXAMPLES = [
    "threefold plan out/digits/network.tern --board icebreaker -o out/digits",
    "threefold plan out/digits/network.tern --interval 512 -o out/slow",
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
    """Plan and write ``network.tern`` and ``plan.json``; what was decided as tables."""
    project = plan_project(args, console)
    lines = []
    if args.align:
        before = _tiles(project.plan)
        with plan_progress(console, "align") as progress:
            project = Project(project.folder, project.plan.aligned(progress))
        saved = before - _tiles(project.plan)
        lines.append(f"aligned: {saved:,} of {before:,} tiles saved, {before - saved:,} left")
    project.save()
    plan, cycles = project.plan, project.plan.cycles
    lines.append(f"latency {cycles.latency:,} cycles, an image every {cycles.interval:,} cycles")
    if plan.engines:
        busy = f"{plan.array_utilization:.1%}".replace("%", " %")
        equal = sum(step.cycles == plan.bottleneck.cycles for step in plan.steps) - 1
        others = f" and {equal} more" if equal else ""
        lines.append(
            f"bottleneck {plan.bottleneck.name}{others}; "
            f"the busiest PE array works {busy} of the time"
        )
    lines.append(f"plan: {project.folder / 'plan.json'}")
    tables = [_steps(project), _memories(plan), _branches(plan)]
    return Group(*(table for table in tables if table.row_count), Text("\n".join(lines)))


def _tiles(plan: Plan) -> int:
    return sum(len(engine.schedule.tiles) for engine in plan.engines)


def _steps(project: Project) -> Table:
    left = ("step", "operation")
    right = ("output", "PE×SIMD", "lanes", "tiles", "skipped", "cycles", "LUTs")
    size = "×".join(map(str, project.network.input.shape))
    title = f"{project.name} on {project.board.title}, input {size}, LUTs estimated"
    table = _table(title, left, right)
    slowest = max(step.cycles for step in project.plan.steps)
    for step in project.plan.steps:
        folding = ("", "", "")
        if isinstance(step, EnginePlan):
            tiles, skipped = len(step.schedule.tiles), step.schedule.skipped
            folding = (f"{step.folding.pe}×{step.folding.simd}", f"{tiles:,}", f"{skipped:,}")
        style = "bold" if step.cycles == slowest else ""
        table.add_row(
            step.name,
            describe(step),
            shown(out_shape(step)),
            folding[0],
            str(step.lanes),
            *folding[1:],
            Text(f"{step.cycles:,}", style),
            f"{estimate([step], project.board.family).lut:,.0f}",
        )
    return table


def _memories(plan: Plan) -> Table:
    left = ("step", "memory", "requantizer")
    table = _table("Memories", left, ("buffer, words × bits", "weight bits"))
    forms = plan.forms()
    for step in plan.steps:
        if not isinstance(step, EnginePlan | PoolPlan) and step.name not in forms:
            continue
        buffer = weights = memory = ""
        if isinstance(step, EnginePlan | PoolPlan):
            buffer, memory = f"{step.depth:,} × {step.word_bits}", step.memory
        if isinstance(step, EnginePlan):
            weights = f"{step.schedule.weight_bits:,}"
        table.add_row(step.name, memory, forms.get(step.name, ""), buffer, weights)
    return table


def _branches(plan: Plan) -> Table:
    right = ("input", "beats", "lanes", "bits")
    table = _table("Branch buffers", ("before",), right)
    for branch in branches(plan):
        if branch.beats:
            sizes = (branch.input, branch.beats, branch.lanes, branch.bits)
            table.add_row(branch.step, *(f"{size:,}" for size in sizes))
    return table


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.title_style = "bold"
    for column in left:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right")
    return table
