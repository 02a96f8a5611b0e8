"""Notes: single lines on stderr, beside the result of a command."""

from rich.console import Console

__all__ = ["note"]


def note(console: Console, line: str) -> None:
    """Write a line as it is, however narrow the terminal; a quiet console writes nothing."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
