"""Failures of code from elsewhere, in one line."""

__all__ = ["first_line"]


def first_line(error: Exception) -> str:
    """The first line of a message, without a full stop; the name of the error if it is empty."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
