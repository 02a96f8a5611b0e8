"""Files: checked reading, and writing at once or not at all."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BuildError, FileFormatError

__all__ = ["make_folder", "read_json", "replacing", "sha256", "write_file", "write_json"]


def sha256(path: Path) -> str:
    """SHA-256 of the content of a file, in hexadecimal.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


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


def write_json(path: Path | str, content: dict) -> None:
    """Write an object as JSON with sorted keys; the same object always gives the same bytes.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    write_file(path, json.dumps(content, indent=1, sort_keys=True) + "\n")


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


def read_json(path: Path | str) -> dict:
    """The JSON object in ``path``.

    Raises
    ------
    FileFormatError
        If the file cannot be read, is larger than 16 MiB, or holds no JSON object, or one with
        text that no file can hold.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_JSON + 1)
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > _MAX_JSON:
        raise FileFormatError(f"{path} holds more than {_MAX_JSON >> 20} MiB of JSON")
    try:
        value = json.loads(content)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise FileFormatError(f"{path} holds half of a surrogate pair, which is no text") from None
    except (ValueError, RecursionError):
        raise FileFormatError(f"{path} is not valid JSON") from None
    if not isinstance(value, dict):
        raise FileFormatError(f"{path} must hold a JSON object, not {type(value).__name__}")
    return value


_MAX_JSON = 1 << 24
