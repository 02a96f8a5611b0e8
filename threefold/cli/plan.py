"""``threefold plan``: how a network is folded onto a board, and what that gives."""

import argparse

from rich.console import Console
from rich.table import Table

from ..plan import estimate
from ..project import Project
from .options import add_plan_arguments, plan_project

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "choose how each layer is folded, and predict the cycles"
EXAMPLES = [
    "threefold plan out/digits/network.tern --board icebreaker -o out/digits",
    "threefold plan out/digits/network.tern --interval 512 -o out/small",
    "threefold plan out/digits/network.tern -o out/folded \\\n"
    "      --fold fc1=8x8 --fold fc2=8x8 --fold fc3=2x8",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_plan_arguments(parser)


def run(args: argparse.Namespace, console: Console) -> Table:
    """Plan and write ``plan.json``; the foldings and predicted cycles as a table."""
    project = plan_project(args, console)
    project.save()
    return _table(project)


def _table(project: Project) -> Table:
    plan = project.plan
    table = Table(title=f"{project.name} on {project.board.title}", title_justify="left")
    for column in ("layer", "PE", "SIMD", "tiles", "skipped", "weight bits", "LUTs, about"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    for engine in plan.engines:
        schedule = engine.schedule
        table.add_row(
            engine.layer.name,
            str(engine.folding.pe),
            str(engine.folding.simd),
            str(len(schedule.tiles)),
            str(schedule.skipped),
            f"{schedule.weight_bits:,}",
            f"{estimate([engine], project.board.family).lut:,.0f}",
        )
    cycles = plan.cycles
    table.caption = (
        f"latency {cycles.latency:,} cycles, an image every {cycles.interval:,} cycles\n"
        f"plan: {project.folder / 'plan.json'}"
    )
    table.caption_justify = "left"
    return table
