"""Progress bars on stderr, with the time left."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(console: Console, *more: str, keep: bool = False) -> Iterator[Progress]:
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
    with Progress(*columns, console=console, transient=not keep, disable=disable) as progress:
        yield progress
