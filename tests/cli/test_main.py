import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from threefold import __version__, cli
from threefold.errors import BuildError, PlanError


@pytest.fixture
def command(monkeypatch):
    """Puts a command of our own in place of ``doctor``."""

    def install(run):
        module = SimpleNamespace(
            HELP="does as told",
            EXAMPLES=["threefold doctor --number 3"],
            add_arguments=lambda parser: parser.add_argument("--number", type=int),
            run=run,
        )
        monkeypatch.setattr(cli, "_commands", lambda argv: [("doctor", module)])

    return install


def test_result_goes_to_stdout_and_progress_to_stderr(command, capsys):
    def run(args, console):
        console.print("working")
        return f"[{args.number}]"

    command(run)
    assert cli.main(["doctor", "--number", "3"]) == 0
    assert capsys.readouterr() == ("[3]\n", "working\n")


def test_quiet(command, capsys):
    def run(args, console):
        console.print("working")
        return "done"

    command(run)
    assert cli.main(["doctor", "-q"]) == 0
    assert capsys.readouterr() == ("done\n", "")


@pytest.mark.parametrize(("error", "status"), [(PlanError, 2), (BuildError, 1)])
def test_error_is_one_line(command, capsys, error, status):
    def run(args, console):
        raise error("needs 7,012 of 5,280 LUTs")

    command(run)
    assert cli.main(["doctor"]) == status
    assert capsys.readouterr() == ("", "threefold: error: needs 7,012 of 5,280 LUTs\n")


@pytest.mark.parametrize(
    ("file", "where"), [(("out/net/plan.json",), ": out/net/plan.json"), ((), "")]
)
def test_full_disk(command, capsys, file, where):
    def run(args, console):
        raise OSError(28, "No space left on device", *file)

    command(run)
    assert cli.main(["doctor"]) == 1
    message = f"threefold: error: No space left on device{where}\n"
    assert capsys.readouterr() == ("", message)


PROGRAM = [sys.executable, "-c", "import sys; from threefold.cli import main; sys.exit(main())"]


def test_result_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, "doctor"], stdout=full, stderr=subprocess.PIPE, text=True)
    message = "threefold: error: cannot write the result: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_result_that_nobody_reads():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, "doctor"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_verbose_error_has_its_traceback(command, capsys):
    def run(args, console):
        raise PlanError("no")

    command(run)
    assert cli.main(["doctor", "-v"]) == 2
    message = capsys.readouterr().err
    assert "Traceback" in message
    assert message.endswith("threefold: error: no\n")


def test_interrupted(command, capsys):
    def run(args, console):
        raise KeyboardInterrupt

    command(run)
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr() == ("", "threefold: interrupted\n")


@pytest.mark.parametrize("argv", [[], ["fly"], ["doctor", "--fly"], ["doctor", "-q", "-v"]])
def test_misuse(capsys, argv):
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: threefold")


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"threefold {__version__}\n"


def test_help_shows_examples(command, capsys):
    command(None)
    assert cli.main(["doctor", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Does as told." in out
    assert "examples:\n  threefold doctor --number 3\n" in out


def test_every_command_has_help_and_examples():
    for name, command in cli._commands([]):
        assert command.HELP
        assert all(example.startswith(f"threefold {name}") for example in command.EXAMPLES)


def test_help_fits_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for argv in [["--help"], *([name, "--help"] for name, _ in cli._commands([]))]:
        assert cli.main(argv) == 0
        assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 80


def test_a_light_command_loads_nothing_heavy():
    code = (
        "import sys; from threefold.cli import main; main(['doctor', '-q']); "
        "sys.exit(bool({'torch', 'amaranth', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
