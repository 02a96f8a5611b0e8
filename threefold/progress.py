"""Progress callback: one type for all work that takes a while."""

from collections.abc import Callable

__all__ = ["Progress", "no_progress"]

Progress = Callable[[str, float], None]
"""Called as ``progress(what, share)`` when a piece of work begins and whenever it gets on.

``what`` is the work in a word or two, such as ``"synthesise"``, and ``share`` the part of it that
is done, 0 to 1. A function whose work has several steps tells ``what`` of the step and ``share`` of
the whole; work that goes on side by side is told apart by ``what`` and has a share each, and the
function's docstring says so. The last call has a share of 1. An exception raised by the callback
ends the work.
"""


def no_progress(what: str, share: float) -> None:
    """Report nothing: the default of functions that take a :data:`Progress`."""
