"""Progress bars on stderr, with the time left."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bars,
)

from ..progress import Progress
from .note import note

__all__ = ["progress_bar", "progress_of"]


@contextmanager
def progress_bar(console: Console, *more: str, keep: bool = False) -> Iterator[Bars]:
    """A bar for each task.

    Parameters
    ----------
    console : Console
        Where to draw; a quiet one draws nothing.
    more : str
        Formats of further columns, such as ``"{task.completed:.0f} images"``.
    keep : bool
        Leave the bars when the work is done.
    """
    columns = (
        TextColumn("{task.description:16}"),
        BarColumn(bar_width=24),
        *map(TextColumn, more),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # A bar that leaves nothing would leave an empty line in a file.
    disable = not keep and not console.is_terminal
    with Bars(*columns, console=console, transient=not keep, disable=disable) as progress:
        yield progress


@contextmanager
def progress_of(
    console: Console,
    first: str = "",
    *,
    count: tuple[int, str] | None = None,
    lines: bool = False,
) -> Iterator[Progress]:
    """Bars drawn by what is told to a :data:`~threefold.progress.Progress`.

    Parameters
    ----------
    console : Console
        Where to draw; a quiet one draws nothing.
    first : str
        What is done first, for work whose steps share a single bar; it goes when the work is done.
        Without it each ``what`` gets a bar of its own, which stays.
    count : tuple of int and str, optional
        How many things the work is about, and their name, to show how many are done.
    lines : bool
        Write a line for each step where there is no terminal to draw in.
    """
    if lines and not console.is_terminal:
        yield _lines(console)
        return
    total, unit = count or (100, "%")
    shown = "{task.completed:.0f}/{task.total:.0f} " + unit if count else "{task.completed:.0f} %"
    with progress_bar(console, shown, keep=not first) as bars:
        tasks: dict[str, TaskID] = {first: bars.add_task(first, total=total)} if first else {}

        def progress(what: str, share: float) -> None:
            key = first or what
            if key not in tasks:
                tasks[key] = bars.add_task(what, total=total)
            bars.update(tasks[key], description=what, completed=share * total)

        yield progress


def _lines(console: Console) -> Progress:
    """What writes a step when it begins."""
    told = None

    def progress(what: str, share: float) -> None:
        nonlocal told
        if what != told and share < 1:
            note(console, what)
        told = what

    return progress
