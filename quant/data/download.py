"""Download of data sets."""

import gzip
import hashlib
import http.client
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from threefold.errors import DataError
from threefold.files import make_folder
from threefold.progress import Progress, no_progress

from .files import SOURCES, Remote

__all__ = ["download"]

_CHUNK = 1 << 20
_LIMIT = 1 << 28  # bytes of a file and of what it unpacks to
_PATIENCE = 30  # seconds without a byte


def download(name: str, folder: Path | str, progress: Progress = no_progress) -> list[Path]:
    """Get the published files of a data set; those that are there already stay.

    A file appears when it is complete and its checksum, where one is known, is right.

    Parameters
    ----------
    name : str
        Name of the data set.
    folder : path
        Where to put the files; created if it is missing.
    progress : Progress
        Told the name of each file that is fetched, which has a share of its own. It stays 0 until
        the file is there where nobody says how long it is.

    Returns
    -------
    list of path
        The files, in the order of their :class:`Source`.

    Raises
    ------
    DataError
        If there is nothing to download for ``name``, a file cannot be reached, or is not what
        was published.
    BuildError
        If the folder cannot be written.
    OSError
        If the disk is full.
    """
    source = SOURCES.get(name)
    if source is None or not source.remotes:
        known = ", ".join(each for each in sorted(SOURCES) if SOURCES[each].remotes)
        where = f"get it {source.origin}" if source else f"there is {known}"
        raise DataError(f"there is nothing to download for {name!r}; {where}")
    folder = make_folder(folder)
    for remote in source.remotes:
        if all(_complete(folder / file, remote) for file in remote.files):
            continue
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as place:
            path = Path(place, "file")
            _fetch(remote, path, progress)
            files = _unpack(remote, path) if remote.members else [path]
            for file, name in zip(files, remote.files, strict=True):
                file.replace(folder / name)
    return [folder / file for file in source.files[0]]


def _complete(path: Path, remote: Remote) -> bool:
    if not path.is_file() or remote.members or not remote.checksum:
        return path.is_file()
    kind, _, expected = remote.checksum.partition(":")
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: _checksum(kind)).hexdigest() == expected


def _checksum(kind: str):
    return hashlib.new(kind or "sha256", usedforsecurity=False)


def _fetch(remote: Remote, path: Path, progress: Progress) -> None:
    url = remote.url
    kind, _, expected = remote.checksum.partition(":")
    checksum, done, name = _checksum(kind), 0, url.rpartition("/")[2]
    with path.open("wb") as file:
        for chunk, total in _chunks(url):
            done += len(chunk)
            if done > _LIMIT:
                raise DataError(f"{url} has more than {_LIMIT >> 20} MiB; see what is there")
            checksum.update(chunk)
            file.write(chunk)
            progress(name, min(1.0, done / total) if total else 0.0)
    if expected and checksum.hexdigest() != expected:
        raise DataError(
            f"{url} has {kind} {checksum.hexdigest()}, not {expected}; try again, or get it "
            "elsewhere and give its folder as --data-dir FOLDER"
        )
    progress(name, 1.0)


def _chunks(url: str) -> Iterator[tuple[bytes, int | None]]:
    """Parts of a file, each with the length of all of it if that is known."""
    try:
        with urlopen(url, timeout=_PATIENCE) as response:
            total = response.headers.get("Content-Length")
            total = int(total) if total and total.isdecimal() else None
            done = 0
            while chunk := response.read(_CHUNK):
                done += len(chunk)
                yield chunk, total
    except HTTPError as error:
        problem = f"{error.code} {error.reason}"
    except URLError as error:
        problem = getattr(error.reason, "strerror", None) or str(error.reason)
    except (OSError, http.client.HTTPException) as error:
        problem = getattr(error, "strerror", None) or str(error) or type(error).__name__
    else:
        if total is None or done == total:
            return
        problem = f"{done:,} of {total:,} bytes came"
    raise DataError(
        f"cannot get {url}: {problem}; without a network, get it elsewhere and give its folder "
        "as --data-dir FOLDER"
    )


def _unpack(remote: Remote, archive: Path) -> list[Path]:
    """Write the members that are wanted beside the archive, under names of our own."""
    paths = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.name in remote.members and member.isreg() and member.size <= _LIMIT:
                    path = paths[member.name] = archive.with_name(f"member{len(paths)}")
                    path.write_bytes(tar.extractfile(member).read())
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{remote.url} is no complete tar archive; see what is there") from None
    missing = [member for member in remote.members if member not in paths]
    if missing:
        raise DataError(f"{remote.url} has no {', '.join(missing)}; see what is there")
    return [paths[member] for member in remote.members]
