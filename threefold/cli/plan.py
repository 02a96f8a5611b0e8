"""``threefold plan``: how a network is folded onto a board, and what that gives."""

import argparse

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ..errors import PlanError
from ..plan import Plan, aligned
from ..plan_tables import PlanTable, plan_lines, plan_tables
from ..project import Project
from .note import note
from .options import add_plan_arguments, changes_noted, plan_project
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "choose how each layer is folded, and predict the cycles"
EXAMPLES = [
    "threefold plan out/digits/network.tern --board icebreaker -o out/digits",
    "threefold plan out/digits/network.tern --dry-run",
    "threefold plan out/digits/network.tern --fastest -o out/fast",
    "threefold plan out/digits/network.tern --interval 512 -o out/slow",
    "threefold plan out/digits/network.tern --fold fc1=8x8 -o out/partly",
    "threefold plan out/digits/network.tern -o out/folded \\\n"
    "      --fold fc1=8x8 --fold fc2=8x8 --fold fc3=2x8",
    "threefold plan out/digits/network.tern -o out/folded \\\n"
    "      --memory fc1=block --requantizer fc1=sequential",
    "threefold plan out/digits/network.tern --board ulx3s_85f --sdram -o out/sdram",
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
    parser.add_argument(
        "--clock",
        type=float,
        metavar="MHZ",
        help="frequency of the accelerator that a plan with --sdram is for, as times of the SDRAM "
        "depend on it (the board's usual, or 56.25 with twice that)",
    )
    parser.add_argument(
        "--batch",
        type=int,
        default=1,
        metavar="N",
        help="images that share what is read of the SDRAM in a plan with --sdram; results come "
        "when all of a batch are inside (1)",
    )
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="tell what the plan would be; write nothing"
    )


def run(args: argparse.Namespace, console: Console) -> Group:
    """Plan, and write network and plan unless not asked to; what was decided as tables."""
    if args.clock is not None and args.sdram is None:
        raise PlanError("--clock is that of a plan with --sdram; add it, or give it to build")
    if args.batch != 1 and args.sdram is None:
        raise PlanError("--batch is for a plan with --sdram; add it")
    project = plan_project(args, console)
    lines = []
    if args.align:
        before = _tiles(project.plan)
        with progress_of(console, "align") as progress:
            project = Project(project.folder, aligned(project.plan, progress))
        saved = before - _tiles(project.plan)
        lines.append(f"aligned: {saved:,} of {before:,} tiles saved, {before - saved:,} left")
    if not args.dry_run:
        with changes_noted(project, console):
            project.save()
        if args.output is None:
            note(
                console,
                f"written to {project.folder}, where simulate, build and report look; -o names "
                f"another folder, --dry-run writes nothing",
            )
    lines += plan_lines(project.plan)
    lines.append("nothing is written" if args.dry_run else f"plan: {project.products.plan}")
    return Group(*map(_table, plan_tables(project.plan)), Text("\n".join(lines)))


def _tiles(plan: Plan) -> int:
    return sum(len(schedule.tiles) for schedule in plan.schedules.values())


def _table(table: PlanTable) -> Table:
    """A table whose first column holds names, which stay whole within 80 columns if they can."""
    names = [_broken(str(row[0])) for row in table.rows]
    longest = max(len(line) for name in names for line in name.splitlines())
    out = Table(title=table.title, title_justify="left", box=None, pad_edge=False)
    out.title_style = "bold"
    out.collapse_padding = longest > _SHORT
    name, *others = table.left
    out.add_column(name, overflow="fold", no_wrap=longest <= _WHOLE)
    for column in others:
        out.add_column(column, overflow="fold")
    for column in table.right:
        out.add_column(column, justify="right")
    for index, (shown, row) in enumerate(zip(names, table.rows, strict=True)):
        style = "bold" if index in table.emphasized else ""
        out.add_row(shown, *map(_cell, row[1:]), style=style)
    return out


def _broken(name: str) -> str:
    """A name in lines that end at its underscores, where it is too long for one."""
    lines = [""]
    for part in name.split("_"):
        if lines[-1] and len(lines[-1]) + len(part) > _LONG:
            lines.append("")
        lines[-1] += f"{part}_"
    return "\n".join(lines).removesuffix("_")


def _cell(value: str | int | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:,}"


_SHORT = 9  # letters of names that leave room for two spaces between columns
_LONG = 18  # letters of names that do not have to be broken at underscores
_WHOLE = 30  # letters of lines that are not broken elsewhere
