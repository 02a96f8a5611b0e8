import os
import signal
import subprocess
import sys
import time

import pytest

from threefold.tools.process import child
from threefold.tools.toolchain import environment

# Its own process number and that of a process it started.
PARENT_AND_CHILD = ["/bin/sh", "-c", "echo $$; sleep 1000 & echo $!; wait"]


def numbers(log):
    """What the command has said, once it has said everything."""
    until(lambda: log.exists() and log.read_text().count("\n") == 2)
    return [int(line) for line in log.read_text().split()]


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(process):
    """Whether a process is there and no zombie, which waits for a parent to ask for its status."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_end(tmp_path):
    log = tmp_path / "log"
    command = ["/bin/sh", "-c", "pwd; echo $WORD >&2; cat; exit 3"]
    with child(command, cwd=tmp_path, env=environment() | {"WORD": "word"}, log=log) as process:
        assert process.wait() == 3
    assert log.read_text() == f"{tmp_path}\nword\n"


def test_exception(tmp_path):
    log = tmp_path / "log"

    def fail():
        with child(PARENT_AND_CHILD, cwd=tmp_path, env=environment(), log=log):
            assert all(map(runs, numbers(log)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    until(lambda: not any(map(runs, numbers(log))))


PROGRAM = """
import signal
import sys
from pathlib import Path
from threefold.tools.process import child
from threefold.tools.toolchain import environment

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has ignored
with child(sys.argv[2:], cwd=".", env=environment(), log=Path(sys.argv[1])) as process:
    process.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_end_of_the_program(tmp_path, number):
    log = tmp_path / "log"
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, log, *PARENT_AND_CHILD])
    assert all(map(runs, numbers(log)))
    program.send_signal(number)
    assert program.wait() == -number
    until(lambda: not any(map(runs, numbers(log))))


def test_nothing_is_left_of_a_command_that_has_ended(tmp_path):
    def children():
        with open(f"/proc/self/task/{os.getpid()}/children") as found:
            return found.read().split()

    before = children()
    with child(["/bin/sh", "-c", "exit"], cwd=tmp_path, env=environment(), log=tmp_path / "log"):
        assert len(children()) > len(before)
    assert children() == before
