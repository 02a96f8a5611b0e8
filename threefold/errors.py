"""Errors: the exception tree of Threefold.

    ThreefoldError
    ├── NetworkError      a network that means nothing: shapes, types, names, weights
    ├── FileFormatError   a file that is not what its name says
    ├── PlanError         a folding that does not divide, a network too big for the board
    ├── DataError         images, labels or a data set that do not fit
    ├── TrainingError     training that cannot start or go on
    ├── LinkError         a board that is not there, does not answer, or has another network
    ├── ToolError         an external tool that is missing
    └── BuildError        a tool ran and failed, or its output could not be written
        └── MismatchError     the hardware disagrees with the golden model

A message is one line: what is wrong, with the value, and what to do about it.
"""

__all__ = [
    "BuildError",
    "DataError",
    "FileFormatError",
    "LinkError",
    "MismatchError",
    "NetworkError",
    "PlanError",
    "ThreefoldError",
    "ToolError",
    "TrainingError",
]


class ThreefoldError(Exception):
    """Base of all errors meant for the user; ``exit_code`` is what the command line returns."""

    exit_code = 2


class NetworkError(ThreefoldError):
    """The network is not well formed."""


class FileFormatError(ThreefoldError):
    """A file is damaged, truncated, or not of the expected format."""


class PlanError(ThreefoldError):
    """No accelerator can be planned as asked."""


class DataError(ThreefoldError):
    """Data does not fit the network or its description."""


class TrainingError(ThreefoldError):
    """Training cannot start or go on."""


class LinkError(ThreefoldError):
    """A board cannot be reached, or is not what it should be."""

    exit_code = 1


class ToolError(ThreefoldError):
    """An external tool is missing; the message says how to get it."""

    exit_code = 1


class BuildError(ThreefoldError):
    """A step of a build failed."""

    exit_code = 1


class MismatchError(BuildError):
    """Hardware and golden model disagree."""
