import fcntl
import os
import re
import subprocess
import sys
import threading

import pytest

from threefold.errors import BuildError
from threefold.lock import LOCK, locked

HOLDER = """
import sys
from threefold.lock import locked

with locked(sys.argv[1]):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, which holds the lock."""
    command = [sys.executable, "-c", HOLDER, tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def in_use(folder, process):
    message = f"{folder} is in use by another threefold (process {process}); "
    message += "wait for it or choose another folder with -o"
    return f"^{re.escape(message)}$"


def test_the_folder_is_made_and_nothing_is_left(tmp_path):
    folder = tmp_path / "a" / "b"
    with locked(str(folder)):
        assert (folder / LOCK).read_text() == f"{os.getpid()}\n"
    assert list(folder.iterdir()) == []


def test_another_process(tmp_path, holder):
    with pytest.raises(BuildError, match=in_use(tmp_path, holder.pid)), locked(tmp_path):
        pass
    assert (tmp_path / LOCK).exists()
    holder.communicate()
    with locked(tmp_path):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert (tmp_path / LOCK).read_text() == f"{holder.pid}\n"
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    assert not (tmp_path / LOCK).exists()


def test_another_folder(tmp_path, holder):
    with locked(tmp_path / "other"):
        pass


def test_an_exception_unlocks(tmp_path):
    def fail():
        with locked(tmp_path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with locked(tmp_path):
        pass


def test_again_within_the_block(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with locked(tmp_path):
        with locked("."):
            pass
        assert (tmp_path / LOCK).exists()


def test_another_thread(tmp_path):
    said = []

    def work():
        try:
            with locked(tmp_path):
                pass
        except BuildError as error:
            said.append(str(error))

    with locked(tmp_path):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert re.match(in_use(tmp_path, os.getpid()), said[0])


def test_file_removed_while_it_was_waited_for(tmp_path, monkeypatch):
    """Between opening and locking, the process that held the lock removes the file."""
    flock = fcntl.flock

    def late(file, operation):
        (tmp_path / LOCK).unlink()
        monkeypatch.setattr(fcntl, "flock", flock)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"


def test_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(file, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path):
        pass
    assert not (tmp_path / LOCK).exists()


def test_file_that_cannot_be_written(tmp_path):
    (tmp_path / LOCK).mkdir()
    message = f"cannot write {tmp_path / LOCK}: Is a directory; choose another with -o"
    with pytest.raises(BuildError, match=f"^{re.escape(message)}$"), locked(tmp_path):
        pass
