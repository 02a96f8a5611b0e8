"""Page of commands, docs/reference/commands.md: the help of every command."""

import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from threefold.cli import COMMANDS, main

PAGE = Path(__file__).parents[1] / "reference" / "commands.md"
_TERMINAL = os.terminal_size((88, 24))  # columns, lines

_TOP = """# Commands

Each command is useful alone. Results go to standard output, progress and logs to standard error.
The exit status is 0 for success, 1 for a failed build or a missing tool, 2 for misuse or an
unusable input, and 130 for an interruption.
"""


def page() -> str:
    """Markdown of the page."""
    helps = [f"## threefold {name}\n\n```text\n{_help(name)}```\n" for name in COMMANDS]
    return "\n".join([_TOP, *helps])


def _help(command: str) -> str:
    text = StringIO()
    with patch("shutil.get_terminal_size", return_value=_TERMINAL), redirect_stdout(text):
        main([command, "--help"])
    return text.getvalue()


if __name__ == "__main__":
    PAGE.write_text(page())
