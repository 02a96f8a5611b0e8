"""Boards: each is a module that holds one, or one for each FPGA it is made with."""

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from threefold.errors import PlanError
from threefold.fpga import GENERIC

from .board import Board
from .flash import Flash
from .target import Target, read_target

__all__ = ["BOARDS", "FAULTS", "Board", "Flash", "Target", "get", "no_board", "read_target"]


FAULTS: dict[str, str] = {}
"""Modules of boards that are left out, by path: what is wrong, in one line."""


def _find() -> Iterator[tuple[str, Board]]:
    """Boards, each with the path of its module."""
    for module in iter_modules(__path__):
        path = str(Path(module.module_finder.path, f"{module.name}.py"))
        try:
            values = list(vars(import_module(f".{module.name}", __name__)).values())
        except Exception as error:  # whatever it is, the other boards are good
            FAULTS[path] = _told(error)
            continue
        yield from ((path, value) for value in values if isinstance(value, Board))


def _told(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    return " ".join(f"{type(error).__name__}: {error}".removeprefix("PlanError: ").split())


def _by_name() -> dict[str, Board]:
    boards: dict[str, Board] = {}
    for path, board in _find():
        if boards.setdefault(board.name, board) is not board:
            FAULTS[path] = f"another board is called {board.name!r}; rename one"
    return boards


BOARDS = _by_name()
"""The boards, by name: all that the modules of this package hold."""


def get(name: str) -> Target:
    """The board called ``name``, or the target of one's own that is called so.

    Parameters
    ----------
    name : str
        One of :data:`BOARDS`; else ``"generic"`` or another name by :meth:`Target.limited`.

    Raises
    ------
    PlanError
        If there is none.
    """
    if name in BOARDS:
        return BOARDS[name]
    if name == GENERIC.name or ":" in name:
        return Target.named(name)
    raise no_board(name)


def no_board(name: str, *others: str) -> PlanError:
    """The error that there is no board called ``name``; it tells the nearest names.

    Parameters
    ----------
    name : str
    others : str
        What may be given instead of a board, named where no name is near.
    """
    near = get_close_matches(name.lower(), BOARDS)
    if near:
        names = "names are" if len(near) > 1 else "name is"
        return PlanError(f"there is no board {name!r:.60}; the nearest {names} {', '.join(near)}")
    choices = ", ".join([*BOARDS, *others])
    return PlanError(f"there is no board {name!r:.60}; choose one of {choices}")
