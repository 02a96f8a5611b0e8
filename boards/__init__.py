"""Boards: each is a module that holds one, or one for each FPGA it is made with."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from threefold.errors import PlanError

from .board import Board

__all__ = ["BOARDS", "Board", "get"]


def _find() -> Iterator[Board]:
    for module in iter_modules(__path__):
        for value in vars(import_module(f".{module.name}", __name__)).values():
            if isinstance(value, Board):
                yield value


def _by_name() -> dict[str, Board]:
    boards: dict[str, Board] = {}
    for board in _find():
        if board.name in boards:
            raise PlanError(f"two boards are called {board.name!r}; rename one")
        boards[board.name] = board
    return boards


BOARDS = _by_name()
"""The boards, by name: all that the modules of this package hold."""


def get(name: str) -> Board:
    """The board called ``name``.

    Raises
    ------
    PlanError
        If there is none.
    """
    if name not in BOARDS:
        raise PlanError(f"there is no board {name!r}; choose one of {', '.join(BOARDS)}")
    return BOARDS[name]
