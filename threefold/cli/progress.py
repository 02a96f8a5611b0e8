"""A progress bar for a build: the step, the time gone, the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["build_progress"]


@contextmanager
def build_progress(console: Console) -> Iterator[Callable[[str, float], None]]:
    """A callback ``(step, done)`` that draws a bar on ``console`` while the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def update(step: str, done: float) -> None:
            bar.update(task, description=step, completed=done)

        yield update
