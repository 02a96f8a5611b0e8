"""Lock of a folder: one process at a time works in it."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from .errors import BuildError
from .files import make_folder

__all__ = ["LOCK", "locked"]

LOCK = ".lock"
"""Name of the file that is locked; it is there while the folder is in use."""

_held: ContextVar[frozenset[Path]] = ContextVar("_held", default=frozenset())
_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}


@contextlib.contextmanager
def locked(folder: Path | str) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is missing, for the length of the block.

    A block within it may lock the folder again; another thread may not. The lock ends with the
    process, however that ends. On a file system that knows no locks, it has no effect.

    Raises
    ------
    BuildError
        If another process or thread holds the lock, or the folder cannot be written.
    """
    path = make_folder(folder).resolve()
    if path in _held.get():
        yield
        return
    file = _acquire(path / LOCK, Path(folder))
    token = _held.set(_held.get() | {path})
    try:
        yield
    finally:
        _held.reset(token)
        (path / LOCK).unlink(missing_ok=True)
        os.close(file)


def _acquire(path: Path, folder: Path) -> int:
    """Lock the file and write the number of this process to it; its descriptor."""
    try:
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _lock(file, folder)
                if _is(path, file):  # not removed since it was opened, by who held the lock before
                    os.truncate(file, 0)
                    os.write(file, f"{os.getpid()}\n".encode())
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror}; choose another with -o") from None


def _is(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.pread(file, 20, 0).decode(errors="replace").strip()
        who = f" (process {process})" if process else ""
        raise BuildError(
            f"{folder} is in use by another threefold{who}; "
            "wait for it or choose another folder with -o"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
