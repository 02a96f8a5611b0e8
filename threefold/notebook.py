"""Notebook progress: a line in the cell that works, which says what is done and how far."""

import sys
from html import escape

from .progress import Progress, no_progress

__all__ = ["NotebookProgress", "shown_progress"]


class NotebookProgress:
    """A :data:`~threefold.progress.Progress` drawn in the output of the cell that runs.

    Parameters
    ----------
    display : callable
        ``IPython.display.display``, or what takes the same arguments and returns a handle.
    """

    def __init__(self, display):
        self._display = display
        self._handle = None
        self._shown = None

    def __call__(self, what: str, share: float) -> None:
        percent = int(100 * share)
        if (what, percent) == self._shown:
            return
        self._shown = what, percent
        line = _Line(what, percent)
        if self._handle is None:
            self._handle = self._display(line, display_id=True)
        else:
            self._handle.update(line)


class _Line:
    """What is done, as text and as a bar."""

    def __init__(self, what: str, percent: int):
        self._what, self._percent = what, percent

    def __repr__(self):
        return f"{self._what} {self._percent} %"

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self._percent}" max="100"></progress>'
        return f"{bar} {escape(self._what)} {self._percent} %"


def shown_progress(progress: Progress | None) -> Progress:
    """The callback given; without one, what a notebook draws, and elsewhere nothing."""
    if progress is not None:
        return progress
    ipython = sys.modules.get("IPython")  # which is there wherever a notebook runs
    shell = ipython and ipython.get_ipython()
    if getattr(shell, "kernel", None) is None:  # not even IPython, or IPython in a terminal
        return no_progress
    return NotebookProgress(ipython.display.display)
