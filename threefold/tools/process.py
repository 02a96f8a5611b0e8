"""Child process that ends with the program that started it."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["child"]

# Reads what is never written: the end of the pipe is the end of the program that holds it.
_WATCH = 'read -r _; kill -s KILL -- "-$1"'


@contextlib.contextmanager
def child(
    command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen]:
    """Run a command, for whose end the block waits.

    An exception in the block kills the command and all that it started. So does the end of this
    program within the block, be it by SIGTERM or SIGKILL: a shell watches for it. The command
    leads a session of its own, so that a keyboard interrupt reaches it through the block alone.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    cwd : path
        Where it runs.
    env : mapping of str to str
        Its environment.
    log : Path
        Where what it says goes; it reads nothing.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with _watched(process.pid):
            yield process
            process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


@contextlib.contextmanager
def _watched(group: int) -> Iterator[None]:
    """Kill a group of processes if this program ends within the block."""
    watch = subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "sh", str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        watch.kill()
        watch.communicate()
