"""The command line: ``threefold <command>``.

A command is a module of this package, loaded only when it is asked for. It has

    HELP       one line
    EXAMPLES   command lines that work as they are
    add_arguments(parser)
    run(args, console)   returns what goes to stdout: text, a rich renderable, or None

``console`` writes to stderr, where progress and logs go; ``--quiet`` silences it. A result
whose ``exit_code`` attribute is set gives the exit status.
"""

import argparse
import importlib
import importlib.util
import io
import keyword
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console

from .. import __doc__ as summary
from .. import __version__
from ..errors import BuildError, ThreefoldError

__all__ = ["COMMANDS", "main"]

COMMANDS = (
    "data",
    "train",
    "import",
    "zoo",
    "evaluate",
    "plan",
    "simulate",
    "build",
    "program",
    "run",
    "report",
    "doctor",
)
"""The commands, in the order of a project."""

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status.

    0 is success, 1 a failed build, a missing tool or board, 2 misuse or unusable input, 130 an
    interruption. Results go to stdout, everything else to stderr.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what its encoding lacks becomes a question mark
    try:
        parser = _parser(argv)
        _tell_faulty_boards()
        args, unknown = parser.parse_known_args(argv)
        if unknown:  # told with the usage of the command, which argparse does not
            args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    except SystemExit as exit:  # argparse has said why
        return int(exit.code or 0)

    console = Console(stderr=True, quiet=args.quiet)
    try:
        result = args.command.run(args, console)
        status = getattr(result, "exit_code", 0)
        if result is not None:
            status = _print(result) or status
    except ThreefoldError as error:
        if args.verbose:
            Console(stderr=True).print_exception()
        sys.stderr.write(f"threefold: error: {error}\n")
        return error.exit_code
    except OSError as error:  # a full disk, a name that is too long
        if args.verbose:
            Console(stderr=True).print_exception()
        where = f": {error.filename}" if error.filename else ""
        sys.stderr.write(f"threefold: error: {error.strerror}{where}\n")
        return BuildError.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("threefold: interrupted\n")
        return _INTERRUPTED
    return status


def _tell_faulty_boards() -> None:
    """Say which boards are left out, if the command asked for loads any."""
    boards = sys.modules.get("threefold.boards")
    for path, fault in boards.FAULTS.items() if boards else ():
        sys.stderr.write(f"threefold: {path} is left out: {fault}\n")


def _print(result) -> int:
    """Print a result; 0, or 1 if it could not be printed."""
    # A string is printed as it is, so that it can be parsed.
    plain = isinstance(result, str)
    try:
        _Stdout(markup=not plain, highlight=not plain).print(result, soft_wrap=plain)
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # a reader that has seen enough is no error
            sys.stderr.write(f"threefold: error: cannot write the result: {error.strerror}\n")
        # What is left in the buffer would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BuildError.exit_code
    return 0


class _Stdout(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # instead of ending the program


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="threefold",
        description=summary,
        epilog="'threefold COMMAND --help' tells more about a command.",
    )
    parser.add_argument("--version", action="version", version=f"threefold {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", required=True)

    common = argparse.ArgumentParser(add_help=False)
    loudness = common.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="tell more")
    loudness.add_argument("-q", "--quiet", action="store_true", help="results and errors only")

    for name, command in _commands(argv):
        subparser = commands.add_parser(
            name,
            help=command.HELP,
            description=f"{command.HELP[0].upper()}{command.HELP[1:]}.",
            epilog="\n".join(["examples:", *(f"  {example}" for example in command.EXAMPLES)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
        )
        command.add_arguments(subparser)
        subparser.set_defaults(command=command, parser=subparser)
    return parser


def _commands(argv: Sequence[str]) -> list[tuple[str, ModuleType]]:
    """The command asked for, or all there are if that is unclear."""
    asked = next((word for word in argv if not word.startswith("-")), None)
    names = [asked] if asked in COMMANDS else COMMANDS
    return [
        (name, importlib.import_module(f".{module}", __name__))
        for name, module in zip(names, map(_module, names), strict=True)
        if importlib.util.find_spec(f".{module}", __name__)
    ]


def _module(command: str) -> str:
    """Where a command is; no module is named as a word of the language."""
    return f"{command}_" if keyword.iskeyword(command) else command
