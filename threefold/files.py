"""Writing files so that nothing half-written is ever left behind."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BuildError

__all__ = ["make_folder", "replacing", "write_file"]


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place if the block succeeds.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    path = Path(path)
    make_folder(path.parent)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror}; choose another with -o") from None
    temporary = Path(temporary)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror}; choose another with -o") from None
    finally:
        temporary.unlink(missing_ok=True)


def write_file(path: Path | str, content: bytes | str) -> None:
    """Write ``content`` to ``path`` at once or not at all.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def make_folder(path: Path | str) -> Path:
    """Create a folder and its parents, and check that it can be written.

    Raises
    ------
    BuildError
        If it cannot be created or written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"cannot create folder {path}: {error.strerror}; choose another with -o"
        ) from None
    if not os.access(path, os.W_OK):
        raise BuildError(f"cannot write into folder {path}; choose another with -o")
    return path
