"""``threefold doctor``: what is there, and how to get what is missing."""

import argparse
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from ..tools.doctor import ToolStatus, doctor

__all__ = ["EXAMPLES", "HELP", "Diagnosis", "add_arguments", "run"]

HELP = "tell which tools are there, and how to get what is missing"
EXAMPLES = ["threefold doctor", "threefold doctor --verbose"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``doctor`` takes none."""


def run(args: argparse.Namespace, console: Console) -> "Diagnosis":
    """Look at every tool."""
    return Diagnosis(doctor(), paths=args.verbose)


class Diagnosis:
    """The table of tools, and below it what to do.

    Parameters
    ----------
    tools : list of ToolStatus
        What was found.
    paths : bool
        Whether to tell whole paths.
    """

    def __init__(self, tools: list[ToolStatus], *, paths: bool = False):
        self.tools = tools
        self.paths = paths

    @property
    def exit_code(self) -> int:
        """1 if something needed is missing."""
        return int(any(tool.needed and not tool.ok for tool in self.tools))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, pad_edge=False)
        for heading in ("tool", "version", "for", "where"):
            table.add_column(heading, overflow="fold")
        for tool in self.tools:
            if tool.ok:
                where = tool.where if self.paths else Path(tool.where).name
                state = Text(tool.version or "yes", style="green")
            else:
                where = "" if tool.needed else "optional"
                state = Text("missing", style="red" if tool.needed else "yellow")
            table.add_row(tool.name, state, tool.purpose, where)
        yield table

        problems = list(dict.fromkeys(tool.problem for tool in self.tools if not tool.ok))
        if not problems:
            yield "\nEverything is there."
            return
        yield ""
        for problem in problems:
            yield Text(problem)
